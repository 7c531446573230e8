import { type IdKind, kindOf } from "../ids.js";
import { type Role, roleIncludes } from "../viewer.js";
import type { Context, Loaders } from "./context.js";

/** How `node(id)` finds things of one kind: the GraphQL type's name and the loader call. */
export interface NodeSource {
  readonly kind: IdKind;
  readonly typename: string;
  /** The role that sees things of this kind: they are not there for a lower one. Absent: every viewer. */
  readonly role?: Role;
  /** Null where nothing of that id is in the viewer's organization. */
  readonly load: (loaders: Loaders, id: string) => Promise<object | null>;
}

/** Finds any node by its id, through the sources that the rooms declare. */
export class NodeRegistry {
  readonly #byKind: ReadonlyMap<IdKind, NodeSource>;

  constructor(sources: readonly NodeSource[]) {
    this.#byKind = new Map(sources.map((source) => [source.kind, source]));
  }

  /** The thing with `__typename`, which graphql-js reads to resolve the interface; null for an unknown or ill-formed id. */
  async find({ loaders, viewer }: Pick<Context, "loaders" | "viewer">, id: string): Promise<object | null> {
    const kind = kindOf(id);
    const source = kind === null ? undefined : this.#byKind.get(kind);
    if (source === undefined || (source.role !== undefined && !roleIncludes(viewer.role, source.role))) return null;
    const found = await source.load(loaders, id);
    return found === null ? null : { ...found, __typename: source.typename };
  }
}
