import { query } from "jsonpath-rfc9535";
import parse from "jsonpath-rfc9535/parser";

const MAX_LENGTH = 500;
/** Each one more can multiply the work by the size of the answer. */
const MAX_DESCENDANTS = 2;

/**
 * What is wrong with a JSONPath (RFC 9535), or null. Refused beside bad syntax: match() and search(), which run
 * unbounded regular expressions, and paths whose work can grow with the square of an answer of 10 MiB.
 */
export function jsonPathProblem(path: string): string | null {
  if (path.length > MAX_LENGTH) return `A JSONPath has at most ${MAX_LENGTH} characters; this one has ${path.length}.`;
  let tree: unknown;
  try {
    tree = parse(path);
  } catch (error) {
    return `It is not a JSONPath of RFC 9535, such as $.answer.text: ${error instanceof Error ? error.message : String(error)}`;
  }
  const nodes = [...walk(tree, false)];
  const refused = nodes.find(({ node }) => node.type === "FunctionExpr" && (node.name === "match" || node.name === "search"));
  if (refused !== undefined) return `${refused.node.name ?? ""}() is not allowed: its regular expressions have no bound. Compare with == instead.`;
  if (nodes.filter(({ node }) => node.type === "DescendantSegment").length > MAX_DESCENDANTS) return `At most ${MAX_DESCENDANTS} of .. are allowed.`;
  if (nodes.some(({ node, inFilter }) => inFilter && node.type === "DescendantSegment")) return ".. is not allowed inside of a filter.";
  if (nodes.some(({ node, inFilter }) => inFilter && node.type === "JsonPathQuery")) return "A filter may look at its own item (@) only; $ inside of it is compared with single values at most.";
  return null;
}

interface Node {
  readonly type?: string;
  readonly name?: string;
}

function* walk(value: unknown, inFilter: boolean): Generator<{ node: Node; inFilter: boolean }> {
  if (typeof value !== "object" || value === null) return;
  const node = value as Node; // the parser's tree: objects with a type, and lists of them
  yield { node, inFilter };
  const inside = inFilter || node.type === "FilterSelector";
  for (const child of Object.values(value)) yield* walk(child, inside);
}

/** All values that a path selects, in order. */
export function selectAll(document: unknown, path: string): unknown[] {
  return query(document as Parameters<typeof query>[0], path); // parsed JSON
}

/** Whether the path names one place at most: names and indices alone. */
export function isSingular(path: string): boolean {
  const { segments } = parse(path);
  return segments.every(({ type, node }) => {
    if (type !== "ChildSegment") return false;
    if (node.type === "MemberNameShorthand") return true;
    const [only, ...others] = node.type === "BracketedSelection" ? node.selectors : [];
    return others.length === 0 && (only?.type === "NameSelector" || only?.type === "IndexSelector");
  });
}
