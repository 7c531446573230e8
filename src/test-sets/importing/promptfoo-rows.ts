import type { TestPatch } from "../test-patch.js";
import { TestType } from "../test-set.js";
import { type ColumnChoices, resolvePath, valueAt } from "./import-fields.js";
import { type Cells, isObject } from "./import-format.js";
import { CellFault, type CellReader, fromJsonText, plainValue, toMessages, toName, toTags, toText, toTexts } from "./import-values.js";
import { type MappedRow, RowFault } from "./plain-rows.js";
import { convertAssertion, numberOf, type PromptfooAssertion, readAssertion } from "./promptfoo-assertions.js";
import type { PromptfooConfig } from "./promptfoo-config.js";
import { testOfCsvRow } from "./promptfoo-csv.js";
import { renderPromptfoo } from "./promptfoo-templates.js";

/** A test of promptfoo's, from whichever of its formats. */
export interface PromptfooTest {
  readonly vars: Cells;
  readonly metadata: Cells;
  readonly description: string | null;
  readonly prefix: string;
  readonly suffix: string;
  readonly threshold: number | null;
  readonly assertions: readonly PromptfooAssertion[];
}

/** Tests that one row may make, as lists among its variables multiply. */
const MAX_COMBINATIONS = 1000;

/** Makes tests of one row: one for each prompt of the configuration and each combination of variables that are lists. Throws RowFault. */
export function mapPromptfooRow(cells: Cells, context: { config: PromptfooConfig; choices: ColumnChoices; reader: CellReader; setType: TestType | null }): MappedRow {
  if (context.setType === TestType.MULTI_TURN) throw new RowFault(null, "The set is MULTI_TURN; promptfoo's tests are single-turn.");
  const test = inField("assert", () => (context.reader.textCells ? testOfCsvRow(cells) : testOfObject(cells, context.config.defaultTest)));
  const assertions = inField("assert", () => test.assertions.map(convertAssertion));
  const combinations = inField("vars", () => combinationsOf(test.vars));
  const patches = combinations.flatMap((vars) => {
    const values: Cells = { ...cells, ...vars };
    const texts = inField("prompt", () => promptTexts(vars, values, context));
    return texts.map((text) => {
      const prompt = inField("prompt", () => promptOf(renderPromptfoo(test.prefix, vars) + text + renderPromptfoo(test.suffix, vars), values, context));
      const metadata = {
        ...(plainValue(test.metadata) as Cells), // an object stays one
        ...(test.description === null ? {} : { description: test.description }),
        vars: plainValue(vars),
        ...(assertions.length === 0 ? {} : { assertions }),
        ...(test.threshold === null ? {} : { assertions_threshold: test.threshold }),
        ...prompt.metadata,
      };
      return { ...labelsOf(values, context), prompt: prompt.prompt, metadata };
    });
  });
  return { type: TestType.SINGLE_TURN, patches };
}

function inField<T>(field: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof CellFault) throw new RowFault(field, error.message);
    throw error;
  }
}

/** A test of JSON or YAML, with what all tests have laid under it. */
function testOfObject(cells: Cells, defaults: Cells): PromptfooTest {
  const both = (key: string): Cells => ({ ...objectAt(defaults, key), ...objectAt(cells, key) });
  const options = both("options");
  const { transform, transformVars } = options;
  if (transform !== undefined || transformVars !== undefined) throw new CellFault("The test's transform runs code, which an import never does.");
  const asserts = [defaults["assert"], cells["assert"]].flatMap((list) => list ?? []);
  return {
    vars: both("vars"),
    metadata: both("metadata"),
    description: typeof cells["description"] === "string" ? cells["description"] : null,
    prefix: typeof options["prefix"] === "string" ? options["prefix"] : "",
    suffix: typeof options["suffix"] === "string" ? options["suffix"] : "",
    threshold: numberOf(cells["threshold"] ?? defaults["threshold"], "threshold"),
    assertions: asserts.map(readAssertion),
  };
}

function objectAt(cells: Cells, key: string): Cells {
  const value = cells[key];
  if (typeof value === "string") throw new CellFault(`"${key}" is in another file, ${value}. Write it here.`);
  return isObject(value) ? value : {};
}

/** Every choice of one item from each variable that is a list. */
function combinationsOf(vars: Cells): Cells[] {
  let combinations: Cells[] = [{}];
  for (const [name, value] of Object.entries(vars)) {
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (items.some((item) => typeof item === "string" && item.startsWith("file://"))) throw new CellFault(`The variable "${name}" is in another file. Write its text here.`);
    if (combinations.length * items.length > MAX_COMBINATIONS) throw new CellFault(`The lists among the variables make over ${MAX_COMBINATIONS} tests of the row.`);
    combinations = combinations.flatMap((combination) => items.map((item) => ({ ...combination, [name]: item })));
  }
  return combinations;
}

/** The configuration's prompts, filled; else the column that `columns.prompt` names, or the template that it is. */
function promptTexts(vars: Cells, values: Cells, { config, choices, reader }: { config: PromptfooConfig; choices: ColumnChoices; reader: CellReader }): readonly string[] {
  if (config.prompts.length > 0) return config.prompts.map((template) => renderPromptfoo(template, vars));
  const choice = choices.get("prompt");
  if (choice === undefined) {
    const example = Object.keys(vars)[0] ?? "question";
    throw new CellFault(`A promptfoo file's columns are variables, and no template says how they make a prompt. Name the one to send, such as columns {"prompt": ${JSON.stringify(example)}}, or give a template, such as {"prompt": "{{ ${example} }}"}.`);
  }
  if (choice.includes("{{")) return [renderPromptfoo(choice, vars)];
  const text = toText(at(values, choice), reader);
  if (text === null) throw new CellFault(`The row has nothing at "${choice}". Its variables are ${Object.keys(vars).join(", ")}.`);
  return [text];
}

type Made = { readonly prompt: NonNullable<TestPatch["prompt"]>; readonly metadata: Cells };

/** The prompt with the text; of one that is a list of chat messages, the only message of the user. */
function promptOf(text: string, values: Cells, { choices, reader }: { choices: ColumnChoices; reader: CellReader }): Made {
  const messages = toMessages(fromJsonText(text));
  const users = messages?.filter((message) => message.role === "user") ?? [];
  if (messages !== null && users.length !== 1) throw new CellFault(`The prompt is a conversation with ${users.length} messages of the user. A single-turn test has one.`);
  const expected = choices.get("expected_response");
  const language = choices.get("language_code");
  const context = choices.get("context");
  return {
    prompt: {
      content: users[0]?.content ?? text,
      ...(expected === undefined ? {} : { expectedResponse: toText(at(values, expected), reader) }),
      ...(language === undefined ? {} : { languageCode: toName(at(values, language), reader) }),
      ...(context === undefined ? {} : { context: toTexts(at(values, context), reader) }),
    },
    metadata: messages !== null && messages.length > 1 ? { messages } : {},
  };
}

/** What `columns` names beside the prompt: a promptfoo file says none of it by itself. */
function labelsOf(values: Cells, { choices, reader }: { choices: ColumnChoices; reader: CellReader }): TestPatch {
  const name = (field: "behavior" | "category" | "topic" | "use_case"): string | null | undefined => {
    const choice = choices.get(field);
    return choice === undefined ? undefined : inField(field, () => toName(at(values, choice), reader));
  };
  const key = choices.get("key");
  const tags = choices.get("tags");
  return {
    behavior: name("behavior"),
    category: name("category"),
    topic: name("topic"),
    useCase: name("use_case"),
    key: key === undefined ? undefined : inField("key", () => toText(at(values, key), reader)),
    tags: tags === undefined ? undefined : inField("tags", () => toTags(at(values, tags), reader)),
  };
}

function at(values: Cells, choice: string): unknown {
  return valueAt(values, resolvePath(choice, Object.keys(values)));
}
