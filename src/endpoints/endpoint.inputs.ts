import { ArgsType, Field, ID, InputType, Int } from "type-graphql";
import { EntityRefInput, JSONObjectScalar, JSONScalar, PageArguments, StringFilterInput } from "../graphql/index.js";
import { ConnectionType, EndpointAuthType, HttpMethod } from "./endpoint.js";
import type { AuthInput, CreateEndpointArgs, LimitsInput, UpdateEndpointArgs } from "./endpoint-input.js";

@InputType("EndpointLimitsInput", { description: "Bounds of calls. In an update, absent ones stay and null is the default." })
export class EndpointLimitsInput implements LimitsInput {
  @Field(() => Int, { nullable: true, description: "How long one attempt may take, in milliseconds: 1 to 600000, 60000 by default." })
  timeoutMs?: number | null;

  @Field(() => Int, { nullable: true, description: "How many calls may be in flight at once: 1 to 1000, 10 by default." })
  maxConcurrency?: number | null;

  @Field(() => Int, { nullable: true, description: "How many calls may begin in a minute: 1 or more; no bound by default." })
  requestsPerMinute?: number | null;

  @Field(() => Int, { nullable: true, description: "How many attempts a call has, the first one included: 1 to 10, 3 by default." })
  maxAttempts?: number | null;
}

@InputType("EndpointAuthInput", { description: "How the gateway proves to an endpoint who it is. In an update of the same type, absent fields stay, and *** keeps a secret." })
export class EndpointAuthInput implements AuthInput {
  @Field(() => EndpointAuthType, { description: "Which way; it says which of the other fields are needed." })
  type!: EndpointAuthType;

  @Field(() => String, { nullable: true, description: "The secret of BEARER and API_KEY." })
  token?: string | null;

  @Field(() => String, { nullable: true, description: "The header of API_KEY; X-API-Key by default." })
  headerName?: string | null;

  @Field(() => String, { nullable: true, description: "The user name of BASIC." })
  username?: string | null;

  @Field(() => String, { nullable: true, description: "The password of BASIC." })
  password?: string | null;

  @Field(() => String, { nullable: true, description: "The client's id, for CLIENT_CREDENTIALS." })
  clientId?: string | null;

  @Field(() => String, { nullable: true, description: "The client's secret, for CLIENT_CREDENTIALS." })
  clientSecret?: string | null;

  @Field(() => String, { nullable: true, description: "Where CLIENT_CREDENTIALS gets its tokens." })
  tokenUrl?: string | null;

  @Field(() => [String], { nullable: true, description: "The scopes to ask for, for CLIENT_CREDENTIALS." })
  scopes?: string[] | null;

  @Field(() => String, { nullable: true, description: "The audience to ask for, for CLIENT_CREDENTIALS." })
  audience?: string | null;
}

@InputType("CreateEndpointInput", { description: "A new endpoint." })
export class CreateEndpointInput implements CreateEndpointArgs {
  @Field(() => String, { description: "The endpoint's name, unique in its project, ignoring case." })
  name!: string;

  @Field(() => String, { nullable: true, description: "What the endpoint is." })
  description?: string | null;

  @Field(() => ID, { nullable: true, description: "The project to make it in; the organization's default project where it is absent." })
  projectId?: string | null;

  @Field(() => ConnectionType, { defaultValue: ConnectionType.REST, description: "How it is spoken to. It never changes." })
  connectionType!: ConnectionType;

  @Field(() => String, { description: "Where it is: no template, no user name or password. For OPENAI_CHAT the base URL or the whole one; for WEBSOCKET ws:// or wss://." })
  url!: string;

  @Field(() => HttpMethod, { defaultValue: HttpMethod.POST, description: "The method of a REST endpoint's requests." })
  method!: HttpMethod;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Header names to values, which may have placeholders. Content-Type decides between a JSON and a form body." })
  requestHeaders?: Record<string, unknown> | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Query parameters to values, which may have placeholders." })
  queryParams?: Record<string, unknown> | null;

  @Field(() => JSONScalar, { nullable: true, description: "A JSON template of what is sent; the default is { \"input\": \"{{ input }}\" }, or for OPENAI_CHAT the model and messages." })
  requestMapping?: unknown;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Names to JSONPath expressions over the answer; output is needed where it is given. The default is { \"output\": \"$.output\" }, or for OPENAI_CHAT the first choice's content and the usage." })
  responseMapping?: Record<string, unknown> | null;

  @Field(() => EndpointAuthInput, { nullable: true, description: "How the gateway proves to it who it is; not at all where it is absent." })
  auth?: EndpointAuthInput | null;

  @Field(() => EndpointLimitsInput, { nullable: true, description: "Bounds of its calls." })
  limits?: EndpointLimitsInput | null;
}

@InputType("UpdateEndpointInput", { description: "Changes of an endpoint. Absent fields stay, null clears or is the default, limits merge, objects replace; the value *** keeps a stored secret." })
export class UpdateEndpointInput implements UpdateEndpointArgs {
  @Field(() => EntityRefInput, { description: "Which endpoint." })
  endpoint!: EntityRefInput;

  @Field(() => String, { nullable: true, description: "Another name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "Another description." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "Another address." })
  url?: string | null;

  @Field(() => HttpMethod, { nullable: true, description: "Another method." })
  method?: HttpMethod | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "All headers anew; *** keeps the stored secret of that name." })
  requestHeaders?: Record<string, unknown> | null;

  @Field(() => JSONObjectScalar, { nullable: true, description: "All query parameters anew; *** keeps the stored secret of that name." })
  queryParams?: Record<string, unknown> | null;

  @Field(() => JSONScalar, { nullable: true, description: "Another template of what is sent." })
  requestMapping?: unknown;

  @Field(() => JSONObjectScalar, { nullable: true, description: "Another mapping of the answer." })
  responseMapping?: Record<string, unknown> | null;

  @Field(() => EndpointAuthInput, { nullable: true, description: "Another authentication; null for none." })
  auth?: EndpointAuthInput | null;

  @Field(() => EndpointLimitsInput, { nullable: true, description: "Other bounds; absent ones stay." })
  limits?: EndpointLimitsInput | null;
}

@ArgsType()
export class EndpointsArguments extends PageArguments {
  @Field(() => StringFilterInput, { nullable: true, description: "By name." })
  name?: StringFilterInput | null;

  @Field(() => ID, { nullable: true, description: "In this project; in all of them where it is absent." })
  projectId?: string | null;

  @Field(() => Boolean, { defaultValue: false, description: "Whether deleted ones are listed, too." })
  includeDeleted!: boolean;
}
