import { describe, expect, it } from "vitest";
import { assertNoProblems, BadUserInputError, ForbiddenError } from "../src/errors.js";
import { requireRole, Role, roleIncludes, type Viewer } from "../src/viewer.js";

const viewer = (role: Role): Viewer => ({ organizationId: "o", userId: "u", tokenId: null, role, expiresAt: null });

describe("roles", () => {
  it("include themselves and those before them, and no other", () => {
    const ranked = [Role.VIEWER, Role.REVIEWER, Role.EDITOR, Role.ADMIN];
    expect(Object.values(Role)).toEqual(ranked);
    for (const [has, role] of ranked.entries()) {
      for (const [needs, needed] of ranked.entries()) expect(roleIncludes(role, needed), `${role} as ${needed}`).toBe(has >= needs);
    }
  });

  it("that are too low are FORBIDDEN, with both named", () => {
    expect(() => requireRole(viewer(Role.EDITOR), Role.REVIEWER)).not.toThrow();
    expect(() => requireRole(viewer(Role.REVIEWER), Role.EDITOR)).toThrow(ForbiddenError);
    expect(() => requireRole(viewer(Role.REVIEWER), Role.EDITOR)).toThrow(expect.objectContaining({ code: "FORBIDDEN", reason: "ROLE_TOO_LOW", details: { needed: "EDITOR", role: "REVIEWER" } }));
  });
});

describe("assertNoProblems", () => {
  it("passes without problems, and else throws one error that lists all of them and leads with the first", () => {
    expect(() => assertNoProblems([])).not.toThrow();
    const problems = [{ field: "input.name", message: "It is empty." }, { field: "input.tags.1", message: "It is too long." }];
    expect(() => assertNoProblems(problems)).toThrow(BadUserInputError);
    expect(() => assertNoProblems(problems)).toThrow(expect.objectContaining({ message: "input.name: It is empty. (and 1 more, in extensions.problems)", reason: "INPUT_INVALID", details: { problems } }));
    expect(() => assertNoProblems(problems.slice(0, 1))).toThrow(expect.objectContaining({ message: "input.name: It is empty." }));
  });
});
