import { Field, Int, ObjectType } from "type-graphql";
import type { TestSet } from "../test-set.js";
import { TestSetType } from "../test-set.type.js";
import type { ImportReport, RejectedRow } from "./import-format.js";

@ObjectType("RejectedRow", { description: "Rows are counted from 1; one bad row rejects the whole import, and every bad row is listed.", simpleResolvers: true })
export class RejectedRowType implements RejectedRow {
  @Field(() => Int, { description: "Which row, from 1; a header is none." })
  row!: number;

  @Field(() => String, { nullable: true, description: "The first field that is wrong, such as prompt; null when it is the whole row." })
  field!: string | null;

  @Field(() => String, { description: "What is wrong, with the line of the file where it is known." })
  message!: string;
}

@ObjectType("ImportReport", { description: "What an import did, or would do. rejected: the first 1,000.", simpleResolvers: true })
export class ImportReportType implements ImportReport {
  @Field(() => TestSetType, { nullable: true, description: "The set after the import; null where it is new and was not made." })
  testSet!: TestSet | null;

  @Field(() => Int, { description: "Tests that were added." })
  created!: number;

  @Field(() => Int, { description: "Tests of the set with the same key that were edited." })
  updated!: number;

  @Field(() => Int, { description: "Tests of the set with the same key that said the same already." })
  unchanged!: number;

  @Field(() => Int, { description: "Bad rows. When there is one, nothing was imported." })
  rejectedCount!: number;

  @Field(() => [RejectedRowType], { description: "The first 1,000 bad rows." })
  rejected!: readonly RejectedRow[];
}
