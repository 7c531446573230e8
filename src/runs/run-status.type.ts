import { Extensions, Field, ObjectType } from "type-graphql";
import { TestResultType } from "./result.type.js";
import { TestRunStatus } from "./run.js";
import { RunProgressType, TestRunType } from "./run.type.js";

/** One step of a run. */
@ObjectType("RunStatusEvent", {
  description:
    "One step of a run. The first event is the present state, or, with `after`, the first step past it. While something changes there is one at least every second and at most ten a second, at the same moments for all " +
    "subscribers; only pages of a catch-up (hasMore) follow each other at once, and only where finishedResults is selected. The stream ends by completing after the terminal event. Over all events of a stream, resumed by the " +
    "last cursor seen, every finished result comes exactly once; one that is retried comes again, with the same id.",
})
export class RunStatusEventType {
  @Field(() => String, { simple: true, description: "The place of this event: subscribe with it as `after` to go on from here." })
  cursor!: string;

  @Field(() => TestRunType, { simple: true, description: "The run at this event." })
  run!: unknown;

  @Field(() => TestRunStatus, { description: "The run's status at this event." })
  status!: TestRunStatus;

  @Field(() => RunProgressType, { description: "The run's counts at this event." })
  progress!: unknown;

  @Extensions({ listLength: 100 })
  @Field(() => [TestResultType], { simple: true, description: "The results that got their verdict since the event before, in the order of finishing; at most 100. What a cancelled run leaves without a verdict is only counted." })
  finishedResults!: unknown[];

  @Field(() => Boolean, { simple: true, description: "Whether more finished results of this state follow at once in the next event." })
  hasMore!: boolean;
}
