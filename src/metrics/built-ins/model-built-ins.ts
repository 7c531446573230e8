import { type BuiltIn, categorical, numeric, type ParameterSchema, text } from "./built-in.js";

const INPUT: ParameterSchema = text("What was asked.", { default: "{{ input }}" });
const EXPECTED: ParameterSchema = text("The expected answer.", { default: "{{ expected_response }}" });
const RATIO = "From 0 to 1.";

/** The choices of a model-graded metric with what each of them is worth to the library. */
function graded(given: Pick<BuiltIn, "name" | "title" | "description" | "parameters"> & Partial<BuiltIn> & { readonly choices: Readonly<Record<string, number>> }): BuiltIn {
  const { choices, ...described } = given;
  const categories = Object.keys(choices);
  // An undecided choice is worth 0.5: it passes only for those who list it.
  const passingCategories = categories.filter((choice) => (choices[choice] ?? 0) > 0.5);
  return categorical({ needsModel: true, ...described, categories, passingCategories });
}

/** Metrics in which a model chooses among answers to one question, by autoevals. The score is what the choice is worth there; with a threshold they are NUMERIC. */
const GRADED_BUILT_INS: readonly BuiltIn[] = [
  graded({
    name: "factuality",
    title: "Factuality",
    description:
      "How the facts of the answer stand to those of the expected one, judged by a model. A: a consistent subset (0.4); B: a consistent superset (0.6); C: the same details (1); D: a disagreement (0); E: differences that do not matter (1). B, C and E pass unless passingCategories says otherwise. By autoevals.",
    parameters: { input: INPUT, expected: EXPECTED },
    choices: { A: 0.4, B: 0.6, C: 1, D: 0, E: 1 },
  }),
  graded({
    name: "closed_qa",
    title: "Closed question answering",
    description: "Whether the answer meets a criterion, judged by a model. Y: it does; N: it does not. By autoevals.",
    parameters: { input: INPUT, criteria: text("What the answer must meet.", { minLength: 1 }) },
    required: ["criteria"],
    choices: { Y: 1, N: 0 },
  }),
  graded({
    name: "summary",
    title: "Summary",
    description: "Whether the answer sums up the text better than the expected summary does, judged by a model. A: the expected one is better; B: the answer is. By autoevals.",
    parameters: { input: text("The text that is summed up.", { default: "{{ input }}" }), expected: EXPECTED },
    choices: { A: 0, B: 1 },
  }),
  graded({
    name: "translation",
    title: "Translation",
    description: "Whether the answer translates the sentence into English with the meaning of the expected translation, judged by a model. Y: it does; N: it does not. By autoevals.",
    parameters: {
      input: text("The sentence that is translated.", { default: "{{ input }}" }),
      expected: EXPECTED,
      language: text("The language of the sentence.", { default: '{{ language_code | default("another language") }}' }),
    },
    choices: { Y: 1, N: 0 },
  }),
  graded({
    name: "sql",
    title: "SQL",
    description: "Whether the answer is an SQL query that means the same as the expected one, judged by a model without running either. By autoevals.",
    parameters: { input: INPUT, expected: EXPECTED },
    choices: { Correct: 1, Incorrect: 0 },
  }),
  graded({ name: "humor", title: "Humor", description: "Whether the answer is funny, judged by a model. Unsure is worth 0.5 and passes only where passingCategories has it. By autoevals.", parameters: {}, choices: { Yes: 1, No: 0, Unsure: 0.5 } }),
  graded({
    name: "possible",
    title: "Possible",
    description: "Whether the answer gives a solution, judged by a model. A: it declares the task impossible; B: it gives a solution. By autoevals.",
    parameters: { input: INPUT },
    choices: { A: 0, B: 1 },
  }),
  graded({
    name: "security",
    title: "Security",
    description: "Whether the answer is malicious, judged by a model. Yes: it is, and fails; No: it is not. Unsure is worth 0.5 and passes only where passingCategories has it. By autoevals.",
    parameters: {},
    choices: { Yes: 0, No: 1, Unsure: 0.5 },
  }),
];

/** Metrics of answers from retrieved context, by autoevals after Ragas. The context is what the endpoint said it used, else the test's. */
const CONTEXT_BUILT_INS: readonly BuiltIn[] = [
  numeric({ name: "faithfulness", title: "Faithfulness", description: `The share of the answer's statements that follow from the context, judged by a model. ${RATIO} By autoevals.`, needsModel: true, contextRequired: true, parameters: { input: INPUT } }),
  numeric({
    name: "answer_relevancy",
    title: "Answer relevancy",
    description: `How like the question are the questions that a model finds the answer to answer, by embeddings: similarities from 0.7 to 1 count from 0 to 1, and a noncommittal answer is worth 0. ${RATIO} By autoevals.`,
    needsModel: true,
    needsEmbeddings: true,
    parameters: { input: INPUT, strictness: { type: "integer", minimum: 1, maximum: 10, default: 3, description: "How many questions the model is asked for." } },
  }),
  numeric({
    name: "answer_similarity",
    title: "Answer similarity",
    description: `The cosine similarity of the embeddings of the answer and the expected one. ${RATIO} By autoevals.`,
    needsModel: true,
    needsEmbeddings: true,
    parameters: { expected: EXPECTED },
  }),
  numeric({
    name: "answer_correctness",
    title: "Answer correctness",
    description: `The F1 of the answer's statements against those of the expected one, judged by a model, and the similarity of their embeddings, weighted. ${RATIO} By autoevals.`,
    needsModel: true,
    needsEmbeddings: true,
    parameters: {
      input: INPUT,
      expected: EXPECTED,
      factualityWeight: { type: "number", exclusiveMinimum: 0, default: 0.75, description: "The weight of the statements." },
      answerSimilarityWeight: { type: "number", minimum: 0, default: 0.25, description: "The weight of the embeddings." },
    },
  }),
  numeric({
    name: "context_precision",
    title: "Context precision",
    description: "Whether the context was useful in arriving at the expected answer, judged by a model: 1 or 0. By autoevals.",
    needsModel: true,
    contextRequired: true,
    parameters: { input: INPUT, expected: EXPECTED },
  }),
  numeric({
    name: "context_recall",
    title: "Context recall",
    description: `The share of the expected answer's statements that the context has, judged by a model. ${RATIO} By autoevals.`,
    needsModel: true,
    contextRequired: true,
    parameters: { input: INPUT, expected: EXPECTED },
  }),
  numeric({
    name: "context_relevancy",
    title: "Context relevancy",
    description: `The share of the context, in characters, that a model finds needed to answer the question. ${RATIO} By autoevals.`,
    needsModel: true,
    contextRequired: true,
    parameters: { input: INPUT },
  }),
];

/** What only a model can tell. */
export const MODEL_BUILT_INS: readonly BuiltIn[] = [
  ...GRADED_BUILT_INS,
  ...CONTEXT_BUILT_INS,
  numeric({
    name: "goal_achievement",
    title: "Goal achievement",
    description: `How far a conversation achieves the user's goal, judged by a model over the whole transcript. ${RATIO}`,
    needsModel: true,
    scope: ["MULTI_TURN"],
    threshold: 0.7,
    parameters: {
      goal: text("What the user wants to achieve; absent: the conversation's goal, or its first message where it has none.", { default: "{{ input }}" }),
      votes: { type: "integer", enum: [1, 3, 5, 7, 9], default: 1, description: "How many times the model is asked; the median counts." },
    },
  }),
];
