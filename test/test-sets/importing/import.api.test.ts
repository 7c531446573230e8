import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Role } from "../../../src/viewer.js";
import { createTestApp, type TestApp } from "../../support/app.js";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const IMPORT = `mutation ($input: ImportTestsInput!) { importTests(input: $input) { created updated unchanged rejectedCount rejected { row field message }
  testSet { id type version testCount tests(first: 200) { nodes { id position key prompt { content expectedResponse languageCode context } conversation { goal scenario minTurns maxTurns scriptedTurns } behavior { name } category { name } topic { name } useCase { name } tags metadata } } } } }`;
let count = 0;
const newName = (): string => `Import ${(count += 1)}`;
const importing = async (format: string, content: string, more: Record<string, unknown> = {}): Promise<Record<string, any>> => (await app.data(IMPORT, { input: { testSet: { name: newName() }, format, content, ...more } }))["importTests"];
const failing = (format: string, content: string, more: Record<string, unknown> = {}) => app.error(IMPORT, { input: { testSet: { name: newName() }, format, content, ...more } });
const tests = (report: Record<string, any>): Record<string, any>[] => report["testSet"].tests.nodes;
const jsonLines = (...rows: unknown[]): string => rows.map((row) => JSON.stringify(row)).join("\n");

describe("an import into a new set", () => {
  it("makes version 1 with every field that the row says, text unchanged", async () => {
    const content = jsonLines({
      id: "k1", question: ' 42 \n"x" , ] ', answer: "", language: "de", context: ["one", "two"], behaviour: "B", category: "C", topic: "T", "Use Case": "U", tags: ["a", "b"], metadata: { nested: { max_tokens: 1 } }, extra_column: [1],
    }); // prettier-ignore
    const report = await importing("JSONL", content);
    expect(report).toMatchObject({ created: 1, updated: 0, unchanged: 0, rejectedCount: 0, rejected: [], testSet: { type: "SINGLE_TURN", version: 1, testCount: 1 } });
    expect(tests(report)[0]).toMatchObject({
      position: 1, key: "k1", prompt: { content: ' 42 \n"x" , ] ', expectedResponse: "", languageCode: "de", context: ["one", "two"] },
      behavior: { name: "B" }, category: { name: "C" }, topic: { name: "T" }, useCase: { name: "U" }, tags: ["a", "b"], metadata: { nested: { max_tokens: 1 }, extra_column: [1] },
    }); // prettier-ignore
  });

  it.each([
    [{ prompt: "p", expected_response: "e" }], [{ input: "p", expected: "e" }], [{ query: "p", expected_output: "e" }], [{ question: "p", ground_truth: "e" }], [{ content: "p", answer: "e" }],
    [{ prompt_content: "p", expectedResponse: "e" }], [{ text: "p", reference: "e" }], [{ input: [{ role: "user", content: "p" }], target: "e" }], [{ input: [{ role: "system", content: "s" }, { role: "user", content: "p" }], ideal: ["e", "f"] }],
    [{ prompt: { content: "p", expected_response: "e" } }], [{ messages: [{ role: "user", content: [{ type: "text", text: "p" }] }, { role: "assistant", content: "e" }] }],
  ])("understands %j", async (row) => {
    expect(tests(await importing("JSONL", jsonLines(row)))[0]).toMatchObject({ prompt: { content: "p", expectedResponse: "e" } });
  }); // prettier-ignore

  it("keeps the rest of a list of which a field took one item", async () => {
    const [openai] = tests(await importing("JSONL", jsonLines({ input: [{ role: "system", content: "s" }, { role: "user", content: "p" }], ideal: ["e", "f"] })));
    expect(openai?.["metadata"]).toEqual({ messages: [{ role: "system", content: "s" }, { role: "user", content: "p" }], ideal: ["e", "f"] });
  });

  it("is of multi-turn tests where rows have a goal or turns and no prompt", async () => {
    const rows = [{ goal: "g", scenario: "s", turns: "2-5" }, { turns: ["a", "b"] }, { test_configuration: { goal: "n", max_turns: 3, min_turns: 1 } }, { input: [{ role: "user", content: "x" }, { role: "assistant", content: "y" }, { role: "user", content: "z" }] }, { turns: Array.from({ length: 12 }, (_, n) => `${n}`) }];
    const report = await importing("JSONL", jsonLines(...rows));
    expect(report["testSet"].type).toBe("MULTI_TURN");
    expect(tests(report).map((test) => test["conversation"])).toMatchObject([
      { goal: "g", scenario: "s", minTurns: 2, maxTurns: 5 }, { goal: null, scriptedTurns: ["a", "b"], maxTurns: 10 }, { goal: "n", minTurns: 1, maxTurns: 3 }, { scriptedTurns: ["x", "z"] }, { maxTurns: 12 },
    ]); // prettier-ignore
  });

  it("takes what `columns` names, a path into a value included, over the aliases", async () => {
    const content = jsonLines({ Frage: "p", prompt: "other", turns: ["first", "second"], "a.b": "dotted" });
    expect(tests(await importing("JSONL", content, { columns: { prompt: "Frage", topic: "a.b" } }))[0]).toMatchObject({ prompt: { content: "p" }, topic: { name: "dotted" }, metadata: { prompt: "other" } });
    for (const path of ["turns.0", "turns[0]"]) expect(tests(await importing("JSONL", content, { columns: { prompt: path } }))[0]).toMatchObject({ prompt: { content: "first" }, metadata: { turns: ["first", "second"] } });
  });

  it("writes numbers and truth values as they are written", async () => {
    const report = await importing("JSONL", '{"key": 12345678901234567890, "prompt": 1.50, "answer": true, "metadata": {"n": 1.50}}');
    expect(tests(report)[0]).toMatchObject({ key: "12345678901234567890", prompt: { content: "1.50", expectedResponse: "true" }, metadata: { n: 1.5 } });
    expect(tests(await importing("YAML", "- prompt: 007\n  answer: 1.0\n- prompt: 0x1F\n  answer: no\n"))).toMatchObject([{ prompt: { content: "007", expectedResponse: "1.0" } }, { prompt: { content: "0x1F", expectedResponse: "no" } }]);
    expect(tests(await importing("JSON", '{"data": [{"prompt": 2.0}]}'))[0]).toMatchObject({ prompt: { content: "2.0" } });
  });
});

describe("formats", () => {
  it("CSV: a byte-order mark, any delimiter, quoted line breaks, doubled quotes, lists as JSON, empty cells and rows", async () => {
    for (const delimiter of [",", ";", "\t", "|"]) {
      const rows = [["Prompt", "Expected Response", "tags", "context", "note"], ['"a\r\n""b"""', "", "x", '"[""c"",""d""]"', "n"], ["", "", "", "", ""], ["42", " e ", "", "c", ""]];
      const report = await importing("CSV", `\ufeff${rows.map((row) => row.join(delimiter)).join("\r\n")}\r\n`);
      expect(tests(report)).toMatchObject([
        { position: 1, prompt: { content: 'a\r\n"b"', expectedResponse: null, context: ["c", "d"] }, tags: ["x"], metadata: { note: "n" } },
        { position: 2, prompt: { content: "42", expectedResponse: " e ", context: ["c"] }, tags: [], metadata: {} },
      ]);
    }
  });

  it("JSON: a list, or an object with tests, examples or data, or one test", async () => {
    for (const document of [[{ prompt: "p" }], { tests: [{ prompt: "p" }] }, { canary: "c", examples: [{ prompt: "p" }] }, { data: [{ prompt: "p" }] }, { prompt: "p" }]) {
      expect(tests(await importing("JSON", `\ufeff ${JSON.stringify(document)} `))).toMatchObject([{ prompt: { content: "p" } }]);
    }
  });

  it("YAML: the shapes of JSON", async () => {
    expect(tests(await importing("YAML", "tests:\n  - prompt: |\n      two\n      lines\n    tags: [a]\n"))).toMatchObject([{ prompt: { content: "two\nlines\n" }, tags: ["a"] }]);
  });

  it("YAML: anchors, aliases and merged defaults", async () => {
    const report = await importing("YAML", "defaults: &defaults\n  behavior: polite\n  expected: yes\ntests:\n  - &first\n    <<: *defaults\n    prompt: a\n  - <<: [*first, *defaults]\n    prompt: b\n    expected: no\n");
    expect(tests(report)).toMatchObject([{ prompt: { content: "a", expectedResponse: "yes" }, behavior: { name: "polite" } }, { prompt: { content: "b", expectedResponse: "no" }, behavior: { name: "polite" } }]);
    expect((await failing("YAML", "- prompt: a\n---\n- prompt: b\n")).message).toBe("The file holds several YAML documents, parted by ---. Put all tests in one list.");
  });

  it.each([
    ["CSV", ""], ["CSV", "prompt\n"], ["CSV", "prompt,prompt\na,b\n"], ["JSONL", "\n\n"], ["JSON", "{"], ["JSON", '[{"prompt":"p"}'], ["JSON", "[] x"], ["JSON", "42"], ["JSON", '{"tests": "file://x.yaml"}'], ["YAML", "a: [b"], ["YAML", ""],
  ])("%s %j is refused as a whole", async (format, content) => {
    expect(await failing(format, content)).toMatchObject({ code: "BAD_USER_INPUT", problems: [{ field: "content" }] });
  }); // prettier-ignore
});

describe("bad rows", () => {
  it("are all listed with their lines, and nothing is imported", async () => {
    const name = newName();
    const content = 'prompt,expected,key\ngood,e,1\n,e,2\n"open" quote,e,3\n5" nail,e,4\na,b\n"multi\nline",e,5\n,e,1\n"never closed,e,6\n';
    const report = await importing("CSV", content, { testSet: { name } });
    expect(report).toMatchObject({ testSet: null, created: 0, rejectedCount: 6 });
    expect(report["rejected"].map((row: Record<string, any>) => [row["row"], row["field"], /^Line (\d+)/.exec(row["message"])?.[1]])).toEqual([[2, "prompt", "3"], [3, null, "4"], [4, null, "5"], [5, null, "6"], [7, "prompt", "9"], [8, null, "10"]]);
    expect((await app.data("query ($ref: EntityRef!) { testSet(ref: $ref) { id } }", { ref: { name } }))["testSet"]).toBeNull();
  });

  it.each([
    ["not JSON", "{", null], ["no object", "[1]", null], ["a blank prompt", '{"prompt": " "}', "prompt"], ["no prompt", '{"answer": "a"}', "prompt"], ["a prompt that is an object", '{"prompt": {"x": 1}}', "prompt"], ["a NUL character", '{"prompt": "a\\u0000"}', "prompt"],
    ["half a surrogate pair", '{"prompt": "p", "answer": "\\ud800"}', "expected_response"], ["an unknown type", '{"prompt": "p", "test_type": "odd"}', "test_type"], ["a key twice", '{"prompt": "p", "key": "first"}', "key"], ["turns for a single-turn set", '{"turns": ["a", "b"]}', "prompt"],
    ["a conversation for a single-turn set", '{"input": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}', "prompt"], ["an image", '{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', "prompt"], ["context that is no text", '{"prompt": "p", "context": [{}]}', "context"],
  ])("%s is one", async (_, line, field) => {
    const report = await importing("JSONL", `{"prompt": "first", "key": "first"}\n${line}\n`);
    expect(report).toMatchObject({ testSet: null, rejectedCount: 1, rejected: [{ row: 2, field, message: expect.stringMatching(/^Line 2: ./) }] });
  }); // prettier-ignore

  it("tell how to send the first turn of a multi-turn file", async () => {
    const { id } = (await app.data("mutation ($input: CreateTestSetInput!) { createTestSet(input: $input) { id } }", { input: { name: newName() } }))["createTestSet"];
    const report = await importing("JSONL", jsonLines({ turns: ["a", "b"] }), { testSet: { id } });
    expect(report["rejected"][0].message).toContain('columns {"prompt": "turns.0"}');
    expect((await importing("JSONL", jsonLines({ turns: ["a", "b"] }), { testSet: { id }, columns: { prompt: "turns.0" } }))["created"]).toBe(1);
  });

  it("are refused in multi-turn sets likewise: no goal, a blank one, too many turns, a minimum over the maximum", async () => {
    const rows = [{ goal: "g" }, { prompt: "p" }, { goal: " " }, { goal: "g", max_turns: 51 }, { goal: "g", min_turns: 4, max_turns: 3 }, { goal: "g", max_turns: "many" }, { turns: "seldom" }];
    const report = await importing("JSONL", jsonLines(...rows), { testSet: { name: newName() } });
    expect(report["rejected"].map((row: Record<string, any>) => [row["row"], row["field"]])).toEqual([[2, "goal"], [3, "goal"], [4, "max_turns"], [5, "min_turns"], [6, "max_turns"], [7, "turns"]]);
  });

  it("are counted beyond the first 1,000", async () => {
    const report = await importing("CSV", `prompt,key\n${",x\n".repeat(1200)}`);
    expect([report["rejectedCount"], report["rejected"].length, report["rejected"][999].row]).toEqual([1200, 1000, 1000]);
  });
});

describe("importing again", () => {
  it("updates by key, keeps what the file does not say, and leaves the same alone", async () => {
    const name = newName();
    const first = await importing("JSONL", jsonLines({ key: "a", prompt: "1", answer: "x", behavior: "B", note: "n" }, { key: "b", prompt: "2" }, { prompt: "no key" }), { testSet: { name } });
    const again = await importing("JSONL", jsonLines({ key: "a", prompt: "1 new" }, { key: "b", prompt: "2" }, { key: "c", prompt: "3" }), { testSet: { name } });
    expect(again).toMatchObject({ created: 1, updated: 1, unchanged: 1, testSet: { version: 2, testCount: 4 } });
    expect(tests(again)).toMatchObject([{ key: "a", prompt: { content: "1 new", expectedResponse: "x" }, behavior: { name: "B" }, metadata: { note: "n" } }, { key: "b" }, { key: null }, { key: "c" }]);
    expect(tests(again)[0]?.["id"]).toBe(tests(first)[0]?.["id"]);
    const cleared = await importing("CSV", "key,prompt,answer,note\na,1 new,,\n", { testSet: { name } });
    expect(tests(cleared)[0]).toMatchObject({ prompt: { expectedResponse: null }, behavior: { name: "B" }, metadata: {} });
  });

  it("makes no version when nothing differs", async () => {
    const content = jsonLines({ key: "a", prompt: "1", tags: ["t"], category: "C" }, { key: "b", prompt: "2", metadata: { b: 1, a: [1] } });
    const name = newName();
    await importing("JSONL", content, { testSet: { name } });
    expect(await importing("JSONL", content, { testSet: { name } })).toMatchObject({ created: 0, updated: 0, unchanged: 2, testSet: { version: 1 } });
  });

  it("goes over thousands of rows in batches", async () => {
    const name = newName();
    const content = (suffix: string) => jsonLines(...Array.from({ length: 2500 }, (_, n) => ({ key: `k${n}`, prompt: n === 2400 ? `p${suffix}` : "p" })));
    expect(await importing("JSONL", content("1"), { testSet: { name } })).toMatchObject({ created: 2500, testSet: { version: 1, testCount: 2500 } });
    expect(await importing("JSONL", content("2"), { testSet: { name } })).toMatchObject({ updated: 1, unchanged: 2499, testSet: { version: 2, testCount: 2500 } });
  });
});

describe("dryRun", () => {
  it("tells what would happen and changes nothing", async () => {
    const name = newName();
    expect(await importing("JSONL", jsonLines({ prompt: "1" }), { testSet: { name }, dryRun: true })).toMatchObject({ testSet: null, created: 1 });
    await importing("JSONL", jsonLines({ key: "a", prompt: "1" }, { key: "b", prompt: "2" }), { testSet: { name } });
    const report = await importing("JSONL", jsonLines({ key: "a", prompt: "1" }, { key: "b", prompt: "2", topic: "brand-new topic" }, { prompt: "3" }), { testSet: { name }, dryRun: true });
    expect(report).toMatchObject({ created: 1, updated: 1, unchanged: 1, testSet: { version: 1, testCount: 2 } });
    expect((await app.data('{ topics(name: { eq: "brand-new topic" }) { totalCount } }'))["topics"].totalCount).toBe(0);
    expect(await importing("JSONL", jsonLines({ key: "a" }), { testSet: { name }, dryRun: true })).toMatchObject({ created: 0, rejectedCount: 1 });
  });
});

describe("importTests", () => {
  it("refuses unknown and deleted sets, bad columns, content over 5 MB and viewers", async () => {
    expect(await failing("CSV", "prompt\na\n", { testSet: { id: "nonsense" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await failing("CSV", "prompt\na\n", { columns: { prompt: "Frage" } })).toMatchObject({ code: "BAD_USER_INPUT", message: expect.stringContaining('no column "Frage"') });
    expect(await failing("CSV", "prompt\na\n", { columns: { question: "prompt", topic: 3 } })).toMatchObject({ problems: [{ field: "input.columns.question" }, { field: "input.columns.topic" }] });
    expect(await failing("CSV", `prompt\n${"x".repeat(5_000_001)}`)).toMatchObject({ problems: [{ field: "input.content" }] });
    expect(await failing("CSV", "prompt\na\n", { testSet: { name: " " } })).toMatchObject({ problems: [{ field: "input.testSet.name" }] });
    expect(await app.error(IMPORT, { input: { testSet: { name: "V" }, format: "CSV", content: "prompt\na\n" } }, app.viewerWith(Role.REVIEWER))).toMatchObject({ code: "FORBIDDEN" });
    const { id } = (await importing("CSV", "prompt\na\n"))["testSet"];
    expect(await app.error(IMPORT, { input: { testSet: { id }, format: "CSV", content: "prompt\na\n" } }, await app.otherOrganization())).toMatchObject({ code: "NOT_FOUND" });
    await app.data("mutation ($id: ID!) { deleteTestSet(ref: { id: $id }) }", { id });
    expect(await failing("CSV", "prompt\na\n", { testSet: { id } })).toMatchObject({ reason: "DELETED" });
  });

  it("of several imports at once that name a new set, one makes it, and the others go into it", async () => {
    const input = { testSet: { name: newName() }, format: "JSONL", content: jsonLines({ key: "a", prompt: "p" }, { key: "b", prompt: "q" }) };
    const reports = (await Promise.all([1, 2, 3, 4].map(() => app.data(IMPORT, { input })))).map(({ importTests }) => importTests);
    expect(reports.map(({ created, unchanged }) => [created, unchanged]).sort()).toEqual([[0, 2], [0, 2], [0, 2], [2, 0]]); // prettier-ignore
    expect(new Set(reports.map(({ testSet }) => testSet.id)).size).toBe(1);
    const [other, name] = [jsonLines({ goal: "g" }), newName()];
    const mixed = await Promise.all([input.content, other].map((content) => app.run(IMPORT, { input: { ...input, content, testSet: { name } } })));
    const rest = mixed.filter(({ errors, data }) => errors !== undefined || data?.["importTests"].rejectedCount === 1);
    expect(rest).toHaveLength(1); // of the other type: refused, whichever came second
  });

  it("of two imports at once into one set, both count", async () => {
    const name = newName();
    await importing("CSV", "key,prompt,topic\n0,a,t\n", { testSet: { name } });
    const reports = await Promise.all([1, 2, 3].map((n) => importing("CSV", `key,prompt,topic,behavior\n${n},p,new ${n % 2},b ${n}\nshared,p${n},new ${(n + 1) % 2},b ${3 - n}\n`, { testSet: { name } })));
    expect(reports.map((report) => report["testSet"].version).sort()).toEqual([2, 3, 4]);
    expect(reports.map((report) => report["created"]).sort()).toEqual([1, 1, 2]);
  });
});
