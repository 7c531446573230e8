import type { GraphQLResolveInfo } from "graphql";
import { Arg, Authorized, FieldResolver, ID, Resolver, Root, Subscription } from "type-graphql";
import { type Context, selects } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { TestRunStatus } from "./run.js";
import { progressOf, type RunProgress } from "./run-progress.js";
import type { RunEvent, WatchRun } from "./run-event-stream.js";
import { RunStatusEventType } from "./run-status.type.js";
import { RunProgressType } from "./run.type.js";

declare module "../graphql/context.js" {
  interface Watch {
    /** The events of a run; NOT_FOUND, CURSOR_INVALID. */
    run(args: WatchRun): Promise<AsyncIterableIterator<RunEvent>>;
  }
}

/** Watches runs. */
@Resolver(() => RunStatusEventType)
export class RunStatusResolver {
  @Authorized(Role.VIEWER)
  @Subscription(() => RunStatusEventType, {
    description: "The steps of a run until it ends. NOT_FOUND for an unknown run; BAD_USER_INPUT (CURSOR_INVALID) for a cursor of another run.",
    subscribe: ({ args, context, info }: { args: { runId: string; after?: string | null }; context: Context; info: GraphQLResolveInfo }) =>
      context.watch.run({ runId: args.runId, after: args.after ?? null, withResults: selects(info, "finishedResults") }),
  })
  runStatus(
    @Root() event: RunEvent,
    @Arg("runId", () => ID, { description: "The run's id." }) _runId: string,
    @Arg("after", () => String, { nullable: true, description: "The cursor of the last event seen, or a run's eventCursor; the present state comes first where it is absent." }) _after: string | null,
  ): RunEvent {
    return event;
  }

  @FieldResolver(() => RunProgressType)
  progress(@Root() event: RunEvent): RunProgress {
    return progressOf(event.run, event.runningOrdinals);
  }

  @FieldResolver()
  status(@Root() event: RunEvent): TestRunStatus {
    return event.run.status;
  }
}
