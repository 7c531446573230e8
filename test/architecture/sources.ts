import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** One `import`, `export … from`, `import()` or `declare module` of a file. */
export interface Import {
  /** The file it names, from the repository's root, or the package. */
  readonly target: string;
  readonly line: number;
  /** It is gone after compilation. */
  readonly isType: boolean;
  /** `import(…)`: runs when it is reached, if ever. */
  readonly isDynamic: boolean;
}

export interface Source {
  /** From the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

/** Every file below the folder, from the repository's root; what is installed, built or generated is left out. */
export function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return ["node_modules", "generated", "dist"].includes(entry.name) ? [] : filesBelow(path);
  });
}

/** The parsed TypeScript files below the folders, the playground left out: it is the browser's and imports nothing of the server. */
export function sourcesBelow(...folders: string[]): Source[] {
  return folders
    .flatMap(filesBelow)
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts") && !path.startsWith("src/playground/"))
    .map(readSource);
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return { path, text, tree, imports: importsOf(path, tree) };
}

function importsOf(path: string, tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, kind: { isType?: boolean; isDynamic?: boolean }): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    found.push({ target: resolve(path, specifier.text), line, isType: kind.isType ?? false, isDynamic: kind.isDynamic ?? false });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier, { isType: node.importClause?.isTypeOnly ?? false });
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, { isType: node.isTypeOnly });
    else if (ts.isModuleDeclaration(node)) add(node, node.name, { isType: true });
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, { isType: true });
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0], { isDynamic: true });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function resolve(path: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  const target = posix.join(dirname(path), specifier).replace(/\.js$/, ".ts");
  return existsSync(join(ROOT, target)) ? target : target.replace(/\.ts$/, ".js");
}

/** The room of a file: the folder below src/, or the single file. Null outside src/. */
export function roomOf(path: string): string | null {
  const [, room] = /^src\/([^/]+)/.exec(path) ?? [];
  return room?.replace(/\.ts$/, "") ?? null;
}
