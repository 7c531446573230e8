import { ConflictError, FailedPreconditionError, NotFoundError } from "./errors.js";
import { type IdKind, isId } from "./ids.js";

/** Names one thing by its id or by its name, ignoring case: exactly one of the two is there. */
export interface EntityRef {
  readonly id?: string;
  readonly name?: string;
}

/** How things of one kind are found. */
export interface RefSource<R> {
  readonly kind: IdKind;
  /** As messages name it, such as "test set". */
  readonly thing: string;
  /** With what was deleted. */
  readonly findByIds: (ids: readonly string[]) => Promise<readonly R[]>;
  /** By names in whatever case, without what was deleted; only of the project where one is given. */
  readonly findByNames: (names: readonly string[]) => Promise<readonly R[]>;
}

/** The ref as messages show it. */
export function refText(ref: EntityRef): string {
  return ref.id ?? ref.name ?? "";
}

/**
 * What the refs name, in their order; null for what is not there (an ill-formed id included). Two statements at the
 * most. CONFLICT, AMBIGUOUS_NAME with `ids` for a name that several projects have.
 */
export async function findByRefs<R extends { readonly id: string; readonly name: string }>(source: RefSource<R>, refs: readonly EntityRef[]): Promise<(R | null)[]> {
  const ids = refs.map((ref) => ref.id).filter((id) => id !== undefined && isId(id, source.kind)) as string[]; // the filter checked it
  const names = refs.map((ref) => ref.name).filter((name) => name !== undefined);
  const byId = new Map((ids.length === 0 ? [] : await source.findByIds([...new Set(ids)])).map((row) => [row.id, row]));
  const byName = new Map<string, R[]>();
  for (const row of names.length === 0 ? [] : await source.findByNames([...new Set(names)])) {
    byName.set(inOneCase(row.name), [...(byName.get(inOneCase(row.name)) ?? []), row]);
  }
  return refs.map((ref) => {
    if (ref.id !== undefined) return byId.get(ref.id) ?? null;
    const [found, ...others] = byName.get(inOneCase(ref.name ?? "")) ?? [];
    if (found === undefined) return null;
    if (others.length === 0) return found;
    throw new ConflictError("AMBIGUOUS_NAME", `There are ${others.length + 1} of the ${source.thing} "${ref.name}". Name it by its id.`, { ids: [found, ...others].map((row) => row.id) });
  });
}

/**
 * The name without its case, letter by letter as PostgreSQL lowers it: a final sigma is a sigma, and İ an i, whatever
 * stands beside them.
 */
function inOneCase(name: string): string {
  return Array.from(name, (letter) => (letter === "ς" ? "σ" : String.fromCodePoint(letter.toLowerCase().codePointAt(0) ?? 0))).join("");
}

/** What the ref names. NOT_FOUND when it is not there; CONFLICT, AMBIGUOUS_NAME. */
export async function getByRef<R extends { readonly id: string; readonly name: string }>(source: RefSource<R>, ref: EntityRef): Promise<R> {
  const [found] = await findByRefs(source, [ref]);
  if (found == null) throw new NotFoundError(source.thing, refText(ref));
  return found;
}

/** The thing itself. FAILED_PRECONDITION, DELETED when it was deleted: it stays readable but cannot be used. */
export function assertNotDeleted<R extends { readonly id: string; readonly deletedAt: Date | null }>(thing: string, row: R): R {
  if (row.deletedAt !== null) throw new FailedPreconditionError("DELETED", `The ${thing} ${row.id} was deleted at ${row.deletedAt.toISOString()}. It can be read, but not used.`);
  return row;
}
