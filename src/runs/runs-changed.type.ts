import { Field, ID, ObjectType, registerEnumType } from "type-graphql";
import { TestRunType } from "./run.type.js";
import { RunChangeKind } from "./runs-changed.js";

registerEnumType(RunChangeKind, {
  name: "RunChangeKind",
  description: "What happened to a run.",
  valuesConfig: { CREATED: { description: "It was queued." }, UPDATED: { description: "Its status changed." }, DELETED: { description: "It was deleted." } },
});

/** A change of a list of runs. */
@ObjectType("RunChangedEvent", { description: "A run that was created, changed its status or was deleted. Changes that follow each other faster than they are read are told as one.", simpleResolvers: true })
export class RunChangedEventType {
  @Field(() => RunChangeKind, { description: "What happened." })
  kind!: RunChangeKind;

  @Field(() => ID, { description: "Which run." })
  runId!: string;

  @Field(() => TestRunType, { nullable: true, description: "The run as it is after the change; null for DELETED." })
  run!: unknown;
}
