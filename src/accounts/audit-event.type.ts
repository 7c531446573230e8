import { Field, ID, ObjectType } from "type-graphql";
import { connectionOf, JSONObjectScalar, NodeType } from "../graphql/index.js";
import type { AuditEvent } from "./account.js";

@ObjectType("AuditEvent", { implements: NodeType, description: "One mutation that took effect.", simpleResolvers: true })
export class AuditEventType implements Pick<AuditEvent, "id" | "at" | "action" | "targetType" | "targetId" | "remoteAddress" | "details"> {
  @Field(() => ID, { description: "The event's id." })
  id!: string;

  @Field(() => Date, { description: "When it took effect." })
  at!: Date;

  @Field(() => String, { description: "The mutation's name, such as deleteTestSet." })
  action!: string;

  @Field(() => String, { nullable: true, description: "The type of what it changed, such as TestSet; null where that is no single thing." })
  targetType!: string | null;

  @Field(() => ID, { nullable: true, description: "The id of what it changed; null where that is no single thing." })
  targetId!: string | null;

  @Field(() => String, { nullable: true, description: "The caller's address; null where it is not known." })
  remoteAddress!: string | null;

  @Field(() => JSONObjectScalar, { description: "requestId; the names of the input's fields, defaults included, without values; the changed thing's name; ids where there are several." })
  details!: AuditEvent["details"];
}

export const AuditEventConnectionType = connectionOf("AuditEvent", "audit events", () => AuditEventType);
