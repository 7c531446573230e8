import { Arg, Authorized, ID, Resolver, Root, Subscription } from "type-graphql";
import type { Context } from "../graphql/index.js";
import { Role } from "../viewer.js";
import type { RunChange, WatchRuns } from "./runs-changed.js";
import { RunChangedEventType } from "./runs-changed.type.js";

declare module "../graphql/context.js" {
  interface Watch {
    /** The changes of lists of runs; NOT_FOUND. */
    runs(args: WatchRuns): Promise<AsyncIterableIterator<RunChange>>;
  }
}

interface Arguments {
  readonly projectId?: string | null;
  readonly testSetId?: string | null;
  readonly endpointId?: string | null;
}

/** Watches lists of runs. */
@Resolver(() => RunChangedEventType)
export class RunsChangedResolver {
  @Authorized(Role.VIEWER)
  @Subscription(() => RunChangedEventType, {
    description: "Runs that are created, change status or are deleted, for a list that stays fresh; no replay: after a reconnect, fetch the list again. NOT_FOUND for an unknown project, test set or endpoint.",
    subscribe: ({ args, context }: { args: Arguments; context: Context }) => context.watch.runs({ projectId: args.projectId ?? null, testSetId: args.testSetId ?? null, endpointId: args.endpointId ?? null }),
  })
  runsChanged(
    @Root() change: RunChange,
    @Arg("projectId", () => ID, { nullable: true, description: "Only runs of this project." }) _projectId: string | null,
    @Arg("testSetId", () => ID, { nullable: true, description: "Only runs of this test set." }) _testSetId: string | null,
    @Arg("endpointId", () => ID, { nullable: true, description: "Only runs against this endpoint." }) _endpointId: string | null,
  ): RunChange {
    return change;
  }
}
