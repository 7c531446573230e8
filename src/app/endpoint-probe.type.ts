import { Field, Float, ObjectType } from "type-graphql";
import type { EndpointProbe } from "../endpoints/index.js";
import { JSONScalar } from "../graphql/index.js";
import { ResultErrorObjectType } from "../runs/graphql.js";

/** Its output is that of a run's result, so it lives above both rooms. */
@ObjectType("EndpointProbe", { description: "What one call of an endpoint gave. Nothing of it is stored.", simpleResolvers: true })
export class EndpointProbeType implements Omit<EndpointProbe, "answer"> {
  @Field(() => Boolean, { description: "Whether the endpoint gave a usable answer." })
  ok!: boolean;

  @Field(() => ResultErrorObjectType, { nullable: true, description: "What went wrong; null where nothing did." })
  error!: EndpointProbe["error"];

  @Field(() => Float, { description: "How long the call took, in milliseconds." })
  latencyMs!: number;

  @Field(() => JSONScalar, { nullable: true, description: "The request as it went out, with *** for every secret; null where none could be made." })
  rawRequest!: unknown;

  @Field(() => JSONScalar, { nullable: true, description: "The answer before mapping, with *** for every secret; null without one." })
  rawResponse!: unknown;
}
