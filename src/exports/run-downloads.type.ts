import { Field, ObjectType } from "type-graphql";

/** Where a run's results are downloaded. */
export interface RunDownloads {
  readonly csv: string;
  readonly jsonl: string;
  readonly junit: string;
}

@ObjectType("RunDownloads", { description: "Paths that stream a run's results, each with a signature that is good for five minutes; without its query string a path needs the usual token.", simpleResolvers: true })
export class RunDownloadsType implements RunDownloads {
  @Field(() => String, { description: "For spreadsheets: a line a result, with columns for each metric's status, score and reason." })
  csv!: string;

  @Field(() => String, { description: "For programs: a JSON object a result, with everything that is stored of it." })
  jsonl!: string;

  @Field(() => String, { description: "For continuous integration: JUnit's XML, a case a result." })
  junit!: string;
}
