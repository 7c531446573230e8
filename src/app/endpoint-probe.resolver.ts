import { Arg, Authorized, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import type { EndpointProbe, EndpointProbeService } from "../endpoints/index.js";
import { type Context, EntityRefInput, JSONObjectScalar } from "../graphql/index.js";
import { IdKind, newId, resultId } from "../ids.js";
import { TestOutputType } from "../runs/graphql.js";
import { Role } from "../viewer.js";
import { EndpointProbeType } from "./endpoint-probe.type.js";

const PREVIEW_LENGTH = 300;

/** Tries endpoints out. */
@Resolver(() => EndpointProbeType)
export class EndpointProbeResolver {
  readonly #probes: EndpointProbeService;

  constructor(probes: EndpointProbeService) {
    this.#probes = probes;
  }

  @Authorized(Role.EDITOR)
  @Mutation(() => EndpointProbeType, { description: "Calls the endpoint once, without retries, and stores nothing." })
  probeEndpoint(
    @Arg("endpoint", () => EntityRefInput, { description: "Which endpoint." }) endpoint: EntityRefInput,
    @Arg("input", () => String, { description: "What to ask it." }) input: string,
    @Arg("parameters", () => JSONObjectScalar, { nullable: true, description: "Values of params in the request mapping." }) parameters: Record<string, unknown> | null | undefined,
    @Ctx() { viewer, requestId, signal }: Context,
  ): Promise<EndpointProbe> {
    return this.#probes.probe(viewer, { endpoint, input, parameters: parameters ?? {} }, { requestId, signal });
  }

  @FieldResolver(() => TestOutputType, { nullable: true, description: "What the response mapping made of the answer; null without one." })
  output(@Root() { answer }: EndpointProbe, @Ctx() { loaders }: Context): object | null {
    if (answer === null) return null;
    // An output's large fields are read through loaders. As nothing is stored, they are told what they would find.
    const place = { runId: newId(IdKind.TEST_RUN), ordinal: 1 };
    const key = resultId(place.runId, place.ordinal);
    loaders.results.outputText.prime(key, { output: answer.output });
    loaders.results.outputRaw.prime(key, { raw: answer.raw });
    loaders.results.outputTurns.prime(key, { turns: [] });
    const { inputTokens, outputTokens, sessionId, context, metadata, toolCalls } = answer;
    return { ...place, preview: previewOf(answer.output), inputTokens, outputTokens, sessionId, context, metadata, toolCalls, stopReason: null };
  }
}

/** The first code points of a text, without walking all of a long one. */
function previewOf(text: string): string {
  return [...text.slice(0, 2 * PREVIEW_LENGTH)].slice(0, PREVIEW_LENGTH).join("");
}
