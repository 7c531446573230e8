import type * as Autoevals from "autoevals";
import type { ScoreInput } from "../score.js";
import { textOf } from "../built-ins/built-in-scorer.js";
import type { LibraryClient } from "./library-client.js";

/** The library, as it is once it was loaded. */
export type Library = typeof Autoevals;

/** The class of the client that it takes. */
type OpenAIClient = NonNullable<NonNullable<Parameters<Library["init"]>[0]>["client"]>;

/** What a metric of the library is called with. */
export interface LibraryCall {
  /** With defaults, templates filled in. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly input: ScoreInput;
  readonly client: LibraryClient;
}

/** What the library answers. */
export interface LibraryScore {
  readonly score: number | null;
  readonly metadata?: Record<string, unknown>;
}

/** Calls one metric of the library. Throws what the client throws, and a ZodError for an answer of another shape. */
export type LibraryMetric = (library: Library, call: LibraryCall) => Promise<LibraryScore> | LibraryScore;

/** The library asks for a name with every call; the client puts the model's own in its place. */
const MODEL = "judge";

/** What every call of the library gets, so that it never looks at its global state. */
function connection({ client }: LibraryCall): { client: OpenAIClient; model: string; temperature: number } {
  // The library calls the two methods that LibraryClient has, and nothing else of the client's class.
  return { client: client as unknown as OpenAIClient, model: MODEL, temperature: 0 };
}

function textsOf({ parameters, input }: LibraryCall): { input: string; output: string; expected: string } {
  return { input: textOf(parameters["input"] ?? ""), output: input.output.text, expected: textOf(parameters["expected"] ?? "") };
}

/** The context that the endpoint used, else the test's; the library joins the passages by line breaks. */
function contextOf({ input }: LibraryCall): { context: string[] } {
  return { context: [...(input.answerContext.length > 0 ? input.answerContext : input.context)] };
}

/** The library's metrics by the names of the catalog. */
export const LIBRARY_METRICS: Readonly<Record<string, LibraryMetric>> = {
  factuality: (library, call) => library.Factuality({ ...textsOf(call), ...connection(call) }),
  closed_qa: (library, call) => library.ClosedQA({ ...textsOf(call), criteria: textOf(call.parameters["criteria"]), ...connection(call) }),
  summary: (library, call) => library.Summary({ ...textsOf(call), ...connection(call) }),
  translation: (library, call) => library.Translation({ ...textsOf(call), language: textOf(call.parameters["language"]), ...connection(call) }),
  sql: (library, call) => library.Sql({ ...textsOf(call), ...connection(call) }),
  humor: (library, call) => library.Humor({ output: call.input.output.text, ...connection(call) }),
  possible: (library, call) => library.Possible({ ...textsOf(call), ...connection(call) }),
  security: (library, call) => library.Security({ output: call.input.output.text, ...connection(call) }),
  faithfulness: (library, call) => library.Faithfulness({ ...textsOf(call), ...contextOf(call), ...connection(call) }),
  answer_relevancy: (library, call) => library.AnswerRelevancy({ ...textsOf(call), ...contextOf(call), strictness: Number(call.parameters["strictness"]), embeddingModel: MODEL, ...connection(call) }),
  answer_similarity: (library, call) => library.AnswerSimilarity({ ...textsOf(call), ...connection(call) }),
  answer_correctness: (library, call) =>
    library.AnswerCorrectness({
      ...textsOf(call),
      ...connection(call),
      factualityWeight: Number(call.parameters["factualityWeight"]),
      answerSimilarityWeight: Number(call.parameters["answerSimilarityWeight"]),
      embeddingModel: MODEL,
      // Its own call forgets the client, and would go to the library's gateway.
      answerSimilarity: ({ output, expected = "" }) => library.AnswerSimilarity({ output, expected, ...connection(call) }),
    }),
  context_precision: (library, call) => library.ContextPrecision({ ...textsOf(call), ...contextOf(call), ...connection(call) }),
  context_recall: (library, call) => library.ContextRecall({ ...textsOf(call), ...contextOf(call), ...connection(call) }),
  context_relevancy: (library, call) => library.ContextRelevancy({ ...textsOf(call), ...contextOf(call), ...connection(call) }),
};
