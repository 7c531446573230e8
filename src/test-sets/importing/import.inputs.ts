import { Field, InputType, registerEnumType } from "type-graphql";
import { EntityRefInput, JSONObjectScalar } from "../../graphql/index.js";
import type { JsonObject } from "../test-set.js";
import { ImportFormat } from "./import-format.js";

registerEnumType(ImportFormat, {
  name: "ImportFormat",
  description: "The format of a file of tests.",
  valuesConfig: {
    CSV: { description: "Comma-separated values with a header; semicolons, tabs and bars are recognized, too." },
    JSONL: { description: "One JSON object a line." },
    JSON: { description: "A JSON list of objects, or an object that has one as tests, examples or data." },
    YAML: { description: "YAML of the same shapes as JSON." },
  },
});

@InputType("ImportTestsInput", {
  description:
    "Reads the columns or keys that the field already uses: prompt | input | query | question | content; expected_response | expected | expected_output | ground_truth | answer; behavior, category, topic, use_case, language_code, context, goal, instructions, restrictions, scenario, turns, key | id; the README has the whole list.",
})
export class ImportTestsInput {
  @Field(() => EntityRefInput, { description: "An existing set, or the name of a new one." })
  testSet!: EntityRefInput;

  @Field(() => ImportFormat, { description: "The format of the content." })
  format!: ImportFormat;

  @Field(() => String, { description: "The file's text. At most 5 MB; larger files go to POST /test-sets/import." })
  content!: string;

  @Field(() => JSONObjectScalar, { nullable: true, description: 'Field to column or key, such as { "prompt": "Frage" }, or to a path into one, such as { "prompt": "turns.0" }.' })
  columns?: JsonObject | null;

  @Field(() => Boolean, { defaultValue: false, description: "Report what would happen and change nothing." })
  dryRun!: boolean;
}
