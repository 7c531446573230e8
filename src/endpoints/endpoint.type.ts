import { Field, ID, Int, ObjectType, registerEnumType } from "type-graphql";
import { connectionOf, JSONObjectScalar, JSONScalar, NodeType } from "../graphql/index.js";
import { ConnectionType, type Endpoint, EndpointAuthType, type EndpointLimits, HttpMethod } from "./endpoint.js";

registerEnumType(ConnectionType, {
  name: "ConnectionType",
  description: "How an endpoint is spoken to.",
  valuesConfig: {
    REST: { description: "One HTTP request a turn, with a JSON or form body; the answer is JSON, text, newline-delimited JSON or server-sent events." },
    WEBSOCKET: { description: "One WebSocket connection a turn: a message goes out, messages come in until the answer ends." },
    OPENAI_CHAT: { description: "Chat completions as OpenAI defines them, at any base URL." },
  },
});

registerEnumType(HttpMethod, {
  name: "HttpMethod",
  description: "The method of a REST endpoint's requests.",
  valuesConfig: {
    GET: { description: "Variables go into query parameters and headers; there is no body." },
    POST: { description: "With a body." },
    PUT: { description: "With a body." },
    PATCH: { description: "With a body." },
  },
});

registerEnumType(EndpointAuthType, {
  name: "EndpointAuthType",
  description: "How the gateway proves to an endpoint who it is.",
  valuesConfig: {
    NONE: { description: "Not at all." },
    BEARER: { description: "A token as Authorization: Bearer TOKEN." },
    API_KEY: { description: "A key in a header of one's choice." },
    BASIC: { description: "A user name and password as Authorization: Basic." },
    CLIENT_CREDENTIALS: { description: "OAuth 2 client credentials: a token from tokenUrl, kept until it ends and renewed when the endpoint answers 401." },
  },
});

@ObjectType("EndpointLimits", { description: "Bounds that hold across all runs and all workers.", simpleResolvers: true })
export class EndpointLimitsType implements EndpointLimits {
  @Field(() => Int, { description: "How long one attempt may take, from connecting to the last byte, in milliseconds." })
  timeoutMs!: number;

  @Field(() => Int, { description: "How many calls may be in flight at once." })
  maxConcurrency!: number;

  @Field(() => Int, { nullable: true, description: "How many calls may begin in a minute; null for no bound." })
  requestsPerMinute!: number | null;

  @Field(() => Int, { description: "How many attempts a call has while its failures are transient, the first one included." })
  maxAttempts!: number;
}

@ObjectType("Endpoint", { implements: NodeType, description: "An AI application that tests are sent to.", simpleResolvers: true })
export class EndpointType
  implements
    Pick<
      Endpoint,
      "id" | "name" | "description" | "connectionType" | "url" | "method" | "requestHeaders" | "queryParams" | "requestMapping" | "responseMapping" | "authType" | "hasCredentials" | "limits" | "versionHash" | "deletedAt" | "createdAt" | "updatedAt"
    >
{
  @Field(() => ID, { description: "The endpoint's id." })
  id!: string;

  @Field(() => String, { description: "The endpoint's name, unique in its project, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the endpoint is." })
  description!: string | null;

  @Field(() => ConnectionType, { description: "How it is spoken to." })
  connectionType!: ConnectionType;

  @Field(() => String, { description: "Where it is. For OPENAI_CHAT the base URL or the whole one: /chat/completions is appended unless it is there." })
  url!: string;

  @Field(() => HttpMethod, { description: "The method of its requests; OPENAI_CHAT is always POST." })
  method!: HttpMethod;

  @Field(() => JSONObjectScalar, { description: "Header names to values, which may have placeholders. Secret header values are stored encrypted and shown as ***." })
  requestHeaders!: Record<string, string>;

  @Field(() => JSONObjectScalar, { description: "Query parameters to values, which may have placeholders. Secret values are stored encrypted and shown as ***." })
  queryParams!: Record<string, string>;

  @Field(() => JSONScalar, { nullable: true, description: "A JSON template; the README lists its variables. A string that is only a placeholder takes the value with its type. Null: the default of the connection type." })
  requestMapping!: unknown;

  @Field(() => JSONObjectScalar, { description: "Names to JSONPath expressions: output (needed), session_id, context, metadata, tool_calls, input_tokens, output_tokens; for WEBSOCKET also end (a path that finds something in the last message, or the whole text of a message after it) and silence_ms." })
  responseMapping!: Record<string, string | number>;

  @Field(() => EndpointAuthType, { description: "How the gateway proves to it who it is." })
  authType!: EndpointAuthType;

  @Field(() => Boolean, { description: "Whether secrets are stored for it. They are encrypted and never shown." })
  hasCredentials!: boolean;

  @Field(() => EndpointLimitsType, { description: "Bounds of its calls, across all runs and workers. Runs read them live." })
  limits!: EndpointLimits;

  @Field(() => String, { description: "Changes whenever anything that shapes a call changes; a run records the version that it called. Limits and the values of secrets do not count." })
  versionHash!: string;

  @Field(() => Date, { nullable: true, description: "Null unless deleted: a deleted endpoint stays readable from its runs." })
  deletedAt!: Date | null;

  @Field(() => Date, { description: "When the endpoint was made." })
  createdAt!: Date;

  @Field(() => Date, { description: "When the endpoint last changed." })
  updatedAt!: Date;
}

export const EndpointConnectionType = connectionOf("Endpoint", "endpoints", () => EndpointType);
