import { type Db, type Page, type PageArgs, type StringFilter, uniqueViolation } from "../db/index.js";
import { assertNoProblems, ConflictError, NotFoundError, type Problem } from "../errors.js";
import { IdKind, isId, newId } from "../ids.js";
import { nameProblems, textFault } from "../texts.js";
import { requireRole, Role, type Scope, type Viewer } from "../viewer.js";
import type { Project } from "./account.js";
import { countProjects, insertProject, listProjects, updateProject } from "./projects.repository.js";

/** The parts of an organization: makes and changes projects. */
export class ProjectService {
  readonly #db: Db;
  readonly #now: () => Date;

  constructor(deps: { db: Db; now: () => Date }) {
    this.#db = deps.db;
    this.#now = deps.now;
  }

  /** A page, newest first. BAD_USER_INPUT for paging arguments. */
  list(scope: Scope, args: { name: StringFilter | null; page: PageArgs }): Promise<Page<Project>> {
    return listProjects(this.#db, scope, args);
  }

  count(scope: Scope, name: StringFilter | null): Promise<number> {
    return countProjects(this.#db, scope, name);
  }

  /** BAD_USER_INPUT; CONFLICT, NAME_TAKEN. For ADMIN. */
  async create(viewer: Viewer, args: { name: string; description: string | null }): Promise<Project> {
    requireRole(viewer, Role.ADMIN);
    assertNoProblems([...nameProblems("input.name", args.name), ...descriptionProblems(args.description)]);
    const now = this.#now();
    const project: Project = { organizationId: viewer.organizationId, id: newId(IdKind.PROJECT, now.getTime()), name: args.name.trim(), description: args.description, createdAt: now };
    await unlessTaken(project.name, () => insertProject(this.#db, project));
    return project;
  }

  /** Undefined keeps, null clears. NOT_FOUND; BAD_USER_INPUT; CONFLICT, NAME_TAKEN. For ADMIN. */
  async update(viewer: Viewer, args: { id: string; name: string | null | undefined; description: string | null | undefined }): Promise<Project> {
    requireRole(viewer, Role.ADMIN);
    const nameless: Problem[] = args.name === null ? [{ field: "input.name", message: "A project needs a name. Leave it out to keep the one it has." }] : [];
    assertNoProblems([...nameless, ...(args.name == null ? [] : nameProblems("input.name", args.name)), ...descriptionProblems(args.description)]);
    const changes = { name: args.name?.trim(), description: args.description };
    const updated = isId(args.id, IdKind.PROJECT) ? await unlessTaken(args.name ?? "", () => updateProject(this.#db, viewer, args.id, changes)) : null;
    if (updated === null) throw new NotFoundError("project", args.id);
    return updated;
  }
}

function descriptionProblems(description: string | null | undefined): Problem[] {
  const fault = description == null ? null : textFault(description);
  return fault === null ? [] : [{ field: "input.description", message: fault }];
}

async function unlessTaken<R>(name: string, write: () => Promise<R>): Promise<R> {
  try {
    return await write();
  } catch (error) {
    if (uniqueViolation(error) !== "projects_name_key") throw error;
    throw new ConflictError("NAME_TAKEN", `The organization has a project "${name.trim()}" already. Choose another name.`);
  }
}
