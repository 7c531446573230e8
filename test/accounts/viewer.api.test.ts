import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

describe("viewer", () => {
  it("is the user of the token in its organization, with the default project", async () => {
    const data = await app.data("{ viewer { role user { name email } organization { name defaultProject { id name } } } }");
    expect(data["viewer"]).toEqual({
      role: "ADMIN",
      user: { name: "Admin", email: "admin@localhost" },
      organization: { name: "Default", defaultProject: { id: expect.any(String), name: "Default" } },
    });
  });

  it("finds its project by node, but not that of another organization", async () => {
    const { viewer } = await app.data("{ viewer { organization { defaultProject { id } } } }");
    const id = viewer.organization.defaultProject.id as string;
    expect(await app.data("query ($id: ID!) { node(id: $id) { __typename id } }", { id })).toEqual({ node: { __typename: "Project", id } });
    const other = await app.otherOrganization();
    expect(await app.data("query ($id: ID!) { node(id: $id) { id } }", { id }, other)).toEqual({ node: null });
  });
});
