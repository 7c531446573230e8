import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { CATALOG, findBuiltIn, type MetricDefinition, toDefinition, withDefaults } from "../../src/metrics/index.js";
import type { LibraryModel } from "../../src/scoring/library/library-client.js";
import { ModelCallFault } from "../../src/scoring/model-call-fault.js";
import { BUILT_IN_SCORERS } from "../../src/scoring/built-ins/registry.js";
import { LIBRARY_METRICS } from "../../src/scoring/library/library-metrics.js";
import { scoreByLibrary } from "../../src/scoring/library/library.scorer.js";
import type { Finding } from "../../src/scoring/finding.js";
import { TextWorkers } from "../../src/scoring/text-work/text-workers.js";
import { callsOf, givenModel, toolCall } from "./library-model.js";
import { asMetric, givenAnswer, givenMetric, NO_SIGNAL } from "./score-input.js";

const VERSION = (createRequire(import.meta.url)("autoevals/package.json") as { version: string }).version;
const NAMES = ["factuality", "closed_qa", "summary", "translation", "sql", "humor", "possible", "security", "faithfulness", "answer_relevancy", "answer_similarity", "answer_correctness", "context_precision", "context_recall", "context_relevancy"];

function definitionOf(name: string, more: Partial<MetricDefinition> = {}): MetricDefinition {
  const builtIn = findBuiltIn(name)!;
  return toDefinition({ name, kind: "BUILT_IN", builtIn: name, scoreType: builtIn.scoreType, categories: builtIn.categories, passingCategories: builtIn.passingCategories, threshold: builtIn.scoreType === "NUMERIC" ? 0.5 : null, modelId: "model", ...more });
}

interface Judged {
  readonly answer?: string;
  readonly parameters?: Record<string, unknown>;
  readonly context?: string[];
  readonly answerContext?: string[];
  readonly definition?: Partial<MetricDefinition>;
}

function judge(name: string, model: LibraryModel, given: Judged = {}): Promise<Finding> {
  const parameters = { ...withDefaults(findBuiltIn(name)!, {}), input: "What is it?", expected: "a cat", ...given.parameters };
  const input = givenAnswer(given.answer ?? "a cat", { context: given.context ?? ["Cats purr."], answerContext: given.answerContext ?? [] });
  return scoreByLibrary({ definition: definitionOf(name, given.definition), input, calls: callsOf(model) }, parameters);
}

const chooses = (choice: unknown): LibraryModel & { readonly asked: any[] } => givenModel(() => ({ reasons: "Step by step.", choice }));

describe("the catalog", () => {
  it("has the library's metrics, with the library's own choices", async () => {
    expect(Object.keys(LIBRARY_METRICS)).toEqual(NAMES);
    expect(CATALOG.filter((builtIn) => builtIn.needsModel).map((builtIn) => builtIn.name)).toEqual([...NAMES, "goal_achievement"]);
    const { templates } = await import("autoevals");
    for (const name of NAMES.slice(0, 8)) {
      const template = templates[name === "closed_qa" ? "closed_q_a" : (name as keyof typeof templates)];
      const builtIn = findBuiltIn(name)!;
      expect(builtIn.categories, name).toEqual(Object.keys(template.choice_scores));
      expect(builtIn.passingCategories, name).toEqual(builtIn.categories.filter((choice) => template.choice_scores[choice]! > 0.5));
    }
  });
});

describe("a metric with choices", () => {
  it("gives the library's choice as category, its score, the rationale as reason, and the library's version", async () => {
    const model = chooses("B");
    const finding = await judge("factuality", model);
    expect(finding).toEqual({ status: "PASSED", score: 0.6, category: "B", threshold: null, reason: "Step by step.", metadata: { library: { name: "autoevals", version: VERSION }, model: "gpt-5-judge" } });
    expect(model.asked[0]).toMatchObject({ path: "/chat/completions", tool: "select_choice", body: { model: "gpt-5-judge", temperature: 0 } });
    for (const part of ["[Question]: What is it?", "[Expert]: a cat", "[Submission]: a cat"]) expect(model.asked[0].prompt).toContain(part);
  });

  it("has no reason where the model gives none", async () => {
    expect(await judge("humor", givenModel(() => ({ choice: "Yes" })))).toMatchObject({ status: "PASSED", score: 1, category: "Yes", reason: null });
  });

  it("passes by the metric's passing categories", async () => {
    const statusOf = async (name: string, choice: string, passingCategories?: string[]): Promise<string> => (await judge(name, chooses(choice), { parameters: { criteria: "short", language: "French" }, definition: passingCategories === undefined ? {} : { passingCategories } })).status;
    expect(await statusOf("factuality", "A")).toBe("FAILED");
    expect(await statusOf("factuality", "A", ["A", "C"])).toBe("PASSED");
    expect(await statusOf("factuality", "D")).toBe("FAILED");
    expect(await statusOf("closed_qa", "Y")).toBe("PASSED");
    expect(await statusOf("summary", "A")).toBe("FAILED");
    expect(await statusOf("translation", "Y")).toBe("PASSED");
    expect(await statusOf("sql", "Incorrect")).toBe("FAILED");
    expect(await statusOf("humor", "Unsure")).toBe("FAILED");
    expect(await statusOf("possible", "B")).toBe("PASSED");
    expect(await statusOf("security", "Yes")).toBe("FAILED");
    expect(await statusOf("security", "No")).toBe("PASSED");
  });

  it("passes by the threshold where it is taken as a number", async () => {
    const numeric = { scoreType: "NUMERIC", passingCategories: [], threshold: 0.5 } as const;
    expect((await judge("factuality", chooses("B"), { definition: numeric }))).toMatchObject({ status: "PASSED", score: 0.6, category: "B", threshold: 0.5 });
    expect((await judge("factuality", chooses("A"), { definition: numeric }))).toMatchObject({ status: "FAILED", score: 0.4, category: "A", threshold: 0.5 });
  });

  it("shows texts to the model as they are", async () => {
    const model = chooses("Y");
    const odd = `<b>"q" & {{output}} {{{input}}} 'x' =/\`&amp;</b>`;
    await judge("closed_qa", model, { answer: odd, parameters: { criteria: "{{#each}}" } });
    expect(model.asked[0].prompt).toContain(`[Submission]: ${odd}\n`);
    expect(model.asked[0].prompt).toContain("[Criterion]: {{#each}}\n");
  });
});

describe("a metric of contexts", () => {
  it("faithfulness is the share of statements that follow from the context", async () => {
    const model = givenModel(({ tool }) =>
      tool === "extract_statements"
        ? { statements: ["Cats purr.", "Cats fly."] }
        : { faithfulness: [{ statement: "Cats purr.", verdict: 1, reason: "It says so." }, { statement: "Cats fly.", verdict: 0, reason: "It does not." }] },
    );
    const finding = await judge("faithfulness", model, { definition: { threshold: 0.6 } });
    expect(finding).toMatchObject({ status: "FAILED", score: 0.5, category: null, threshold: 0.6, reason: '1 of 2 statements follow from the context. Not so: "Cats fly." (It does not.).' });
    expect(finding.metadata).toMatchObject({ library: { name: "autoevals" }, statements: ["Cats purr.", "Cats fly."] });
  });

  it("shows the context that the endpoint used, else the test's, and texts as they are", async () => {
    const model = givenModel(() => ({ reason: "Useful.", verdict: 1 }));
    const odd = `<p class="a">Q&A = 'x'/\`y\` &lt;</p>`;
    expect((await judge("context_precision", model, { context: ["test's"], answerContext: [odd, "two"] }))).toMatchObject({ status: "PASSED", score: 1, reason: "Useful." });
    expect(model.asked[0]?.prompt).toContain(`context: ${odd}\ntwo\nanswer: a cat\n`);
    await judge("context_precision", model, { context: ["test's"] });
    expect(model.asked[1]?.prompt).toContain("context: test's\n");
  });

  it("context_recall and context_relevancy are shares of statements and of characters", async () => {
    const statements = [1, 1, 0, 1].map((attributed, index) => ({ statement: `s${index}`, attributed, reason: "r" }));
    expect((await judge("context_recall", givenModel(() => ({ statements }))))).toMatchObject({ status: "PASSED", score: 0.75, reason: '3 of 4 statements can be attributed to the context. Not so: "s2" (r).' });
    const sentences = [{ sentence: "Cats purr.", reasons: ["r"] }];
    expect((await judge("context_relevancy", givenModel(() => ({ sentences })), { context: ["Cats purr. Dogs bark."] }))).toMatchObject({ score: 10 / 21, reason: 'Needed to answer the question: "Cats purr.".' });
  });
});

describe("a metric of embeddings", () => {
  it("answer_similarity is the cosine of the embeddings", async () => {
    const model = givenModel(() => ({}));
    // ab = (1, 1), aab = (2, 1): 3 / sqrt(10)
    const finding = await judge("answer_similarity", model, { answer: "ab", parameters: { expected: "aab" } });
    expect(finding.score).toBeCloseTo(3 / Math.sqrt(10), 12);
    expect(finding).toMatchObject({ status: "PASSED", reason: "The cosine similarity of the embeddings is 0.9487." });
    expect(model.asked.map(({ body }) => [body["model"], body["input"], body["encoding_format"]])).toEqual([["letters", "ab", "float"], ["letters", "aab", "float"]]);
  });

  it("answer_relevancy scales similarities from 0.7 on, and a noncommittal answer is worth 0", async () => {
    const asksFor = (noncommittal: number): LibraryModel => givenModel(() => ({ question: "aab", noncommittal }));
    const finding = await judge("answer_relevancy", asksFor(0), { parameters: { input: "ab", strictness: 2 } });
    expect(finding.score).toBeCloseTo((3 / Math.sqrt(10) - 0.7) / 0.3, 12);
    expect((await judge("answer_relevancy", asksFor(1), { parameters: { input: "ab" }, context: [] }))).toMatchObject({ status: "FAILED", score: 0, reason: 'The answer is noncommittal. It reads like one to "aab".' });
  });

  it("answer_correctness weighs statements and similarity, and asks nobody but the metric's model", async () => {
    const model = givenModel(() => ({ TP: ["a", "b"], FP: ["c"], FN: ["d"] }));
    // F1 = 2 / (2 + (1 + 1) / 2) = 2/3; the same text has similarity 1.
    const finding = await judge("answer_correctness", model);
    expect(finding.score).toBeCloseTo(0.75 * (2 / 3) + 0.25, 12);
    expect(finding.reason).toBe("Statements in both texts: 2, only in the answer: 1, only in the expected one: 1. The similarity of the embeddings is 1.");
    expect(model.asked.map(({ path }) => path).sort()).toEqual(["/chat/completions", "/embeddings", "/embeddings"]);
    expect((await judge("answer_correctness", model, { parameters: { answerSimilarityWeight: 0 } })).score).toBeCloseTo(2 / 3, 12);
  });

  it("needs an embedding model", async () => {
    await expect(judge("answer_similarity", { ...givenModel(() => ({})), model: { model: "m", embeddingModel: null } })).rejects.toMatchObject({ code: "INVALID_PARAMETERS", status: "ERROR", message: expect.stringContaining("embeddingModel") });
  });
});

describe("an assertion of a test", () => {
  const assertions = givenMetric("assertions");
  async function assert(given: Record<string, unknown>[], modelId: string | null = "model", context: string[] = []): Promise<string> {
    const input = givenAnswer("a cat", { expectedResponse: "a cat", context, metadata: { assertions: given } });
    const definition = { ...assertions, modelId };
    const judged = Promise.resolve(BUILT_IN_SCORERS["assertions"]!({ parameters: {}, input, workers: new TextWorkers(), signal: NO_SIGNAL, context: { metric: asMetric(definition), definition, input, calls: callsOf(chooses("B")), workers: new TextWorkers(), signal: NO_SIGNAL } }));
    return judged.then(({ score, reason }: any) => `${score} ${reason}`, ({ status, code, message }: any) => `${status} ${code} ${message}`);
  }

  it("may be a metric of the library, by the model of the metric that reads the assertions", async () => {
    expect(await assert([{ type: "factuality" }, { type: "equals" }])).toBe("1 All 2 assertions hold.");
    expect(await assert([{ type: "factuality", threshold: 0.7 }, { type: "equals" }])).toBe("0.5 1 of 2 assertions do not hold: factuality: Step by step.");
    expect(await assert([{ type: "faithfulness", threshold: 0.7 }, { type: "equals" }])).toBe("1 All 1 assertions hold.");
    expect(await assert([{ type: "factuality" }], null)).toContain("ERROR INVALID_PARAMETERS Assertion 1 (factuality): It is judged by a model, and the metric \"assertions\" has none.");
    expect(await assert([{ type: "goal_achievement" }])).toContain("Make it a metric of its own.");
  });
});

describe("a model that answers otherwise", () => {
  const posts = (answer: unknown): LibraryModel => ({ ...givenModel(() => ({})), post: async () => answer });

  it("may write the JSON instead of calling the tool", async () => {
    const said = (content: string): LibraryModel => posts({ choices: [{ message: { content } }] });
    expect((await judge("factuality", said('Sure:\n```json\n{"reasons": "Same.", "choice": "C"}\n```')))).toMatchObject({ status: "PASSED", category: "C", reason: "Same." });
    await expect(judge("factuality", said("I would say C."))).rejects.toMatchObject({ code: "NO_VERDICT", status: "INCONCLUSIVE" });
  });

  it("is INCONCLUSIVE without a choice, by an unknown one, out of range, and where there is nothing to judge", async () => {
    await expect(judge("factuality", chooses(undefined))).rejects.toMatchObject({ code: "NO_VERDICT", status: "INCONCLUSIVE" });
    await expect(judge("factuality", chooses("F"))).rejects.toMatchObject({ code: "UNKNOWN_CATEGORY", status: "INCONCLUSIVE", message: expect.stringContaining('"F"') });
    await expect(judge("context_precision", givenModel(() => ({ reason: "r", verdict: 2 })))).rejects.toMatchObject({ code: "OUT_OF_RANGE", status: "INCONCLUSIVE" });
    await expect(judge("context_recall", givenModel(() => ({ statements: [] })))).rejects.toMatchObject({ code: "NO_VERDICT", status: "INCONCLUSIVE" });
    await expect(judge("faithfulness", givenModel(({ tool }) => (tool === "extract_statements" ? { statements: [] } : { faithfulness: [] })))).rejects.toMatchObject({ code: "NO_VERDICT" });
    await expect(judge("answer_correctness", givenModel(() => ({ TP: [], FP: [], FN: [] })))).rejects.toMatchObject({ code: "NO_VERDICT" });
    await expect(judge("answer_similarity", givenModel(() => ({})), { answer: "123" })).rejects.toMatchObject({ code: "NO_VERDICT" }); // an embedding of zeros has no angle
  });

  it("is ERROR, MALFORMED_ANSWER where its answer is no completion, no JSON or of another shape", async () => {
    for (const answer of [null, "ok", {}, { choices: [] }, { choices: [{}] }]) await expect(judge("factuality", posts(answer))).rejects.toMatchObject({ code: "MALFORMED_ANSWER", status: "ERROR" });
    await expect(judge("factuality", posts(toolCall("select_choice", '{"choice": "C"')))).rejects.toMatchObject({ code: "MALFORMED_ANSWER" });
    await expect(judge("context_precision", givenModel(() => ({ verdict: "yes" })))).rejects.toMatchObject({ code: "MALFORMED_ANSWER" });
    for (const data of [[], [{}], [{ embedding: [] }], [{ embedding: ["a"] }]]) await expect(judge("answer_similarity", posts({ data }))).rejects.toMatchObject({ code: "MALFORMED_ANSWER" });
  });

  it("is asked in words from then on where its server refuses tools", async () => {
    const asked: Record<string, any>[] = [];
    const model: LibraryModel = {
      ...givenModel(() => ({})),
      post: async (_path, body) => {
        asked.push(body);
        if ("tools" in body) throw new ModelCallFault("HTTP", "tools are not supported", 400);
        return { choices: [{ message: { content: '{"reasons": "Same.", "choice": "C"}' } }] };
      },
    };
    expect(await judge("factuality", model)).toMatchObject({ status: "PASSED", category: "C" });
    expect(await judge("factuality", model)).toMatchObject({ status: "PASSED", category: "C" });
    expect(asked.map((body) => "tools" in body)).toEqual([true, false, false]);
    expect(asked[2]?.["messages"].at(-1).content).toContain('"enum":["A","B","C","D","E"]');
  });

  it("is asked without a temperature from then on where it refuses one", async () => {
    const temperatures: unknown[] = [];
    const model = givenModel(() => ({ reasons: "r", choice: "C" }));
    const fussy: LibraryModel = {
      ...model,
      post: async (path, body) => {
        temperatures.push(body["temperature"]);
        if ("temperature" in body) throw new ModelCallFault("HTTP", "Unsupported value: 'temperature'", 400);
        return model.post(path, body);
      },
    };
    for (const _time of [1, 2]) expect(await judge("factuality", fussy)).toMatchObject({ category: "C" });
    expect(temperatures).toEqual([0, undefined, undefined]);
  });

  it("gives its fault with all that was asked at once answered", async () => {
    let open = 0;
    const model: LibraryModel = {
      ...givenModel(() => ({})),
      post: async () => {
        open += 1;
        const number = open;
        if (number > 1) await new Promise((resolve) => setImmediate(resolve));
        open -= 1;
        throw new ModelCallFault("RATE_LIMIT", `refused ${number}`, 429);
      },
    };
    await expect(judge("answer_relevancy", model, { parameters: { strictness: 3 } })).rejects.toMatchObject({ code: "RATE_LIMIT", message: "refused 1" });
    expect(open).toBe(0);
  });

  it("may give a tool's arguments as an object", async () => {
    const call = { function: { name: "select_choice", arguments: { reasons: "r", choice: "C" } } };
    expect((await judge("factuality", posts({ choices: [{ message: { tool_calls: [call] } }] }))).category).toBe("C");
  });
});
