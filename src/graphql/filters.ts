import "reflect-metadata";
import { Field, ID, InputType, registerEnumType } from "type-graphql";
import type { DateTimeFilter, StringFilter } from "../db/index.js";

/** Directions of an order. */
export const OrderDirection = { ASC: "ASC", DESC: "DESC" } as const;
export type OrderDirection = (typeof OrderDirection)[keyof typeof OrderDirection];
registerEnumType(OrderDirection, {
  name: "OrderDirection",
  description: "The direction of an order.",
  valuesConfig: { ASC: { description: "From the smallest, oldest or first." }, DESC: { description: "From the greatest, newest or last." } },
});

/** A condition on a text. Its fields are ANDed and ignore case. */
@InputType("StringFilter", { description: "A condition on a text, ignoring case. Several fields must hold together." })
export class StringFilterInput implements StringFilter {
  @Field(() => String, { nullable: true, description: "Is this text." })
  eq?: string | null;

  @Field(() => String, { nullable: true, description: "Is another text than this." })
  ne?: string | null;

  @Field(() => [String], { nullable: true, description: "Is one of these texts." })
  in?: string[] | null;

  @Field(() => String, { nullable: true, description: "Has this text anywhere in it." })
  contains?: string | null;

  @Field(() => String, { nullable: true, description: "Begins with this text." })
  startsWith?: string | null;
}

/** A condition on a time. */
@InputType("DateTimeFilter", { description: "A condition on a time. Several fields must hold together." })
export class DateTimeFilterInput implements DateTimeFilter {
  @Field(() => Date, { nullable: true, description: "Later than this time." })
  gt?: Date | null;

  @Field(() => Date, { nullable: true, description: "At this time or later." })
  gte?: Date | null;

  @Field(() => Date, { nullable: true, description: "Earlier than this time." })
  lt?: Date | null;

  @Field(() => Date, { nullable: true, description: "At this time or earlier." })
  lte?: Date | null;
}

/** Names one thing by its id or its name; `isOneOf` is set on the built type, as type-graphql has no way to say it. */
@InputType("EntityRef", { description: "Names one thing by its id or by its name: exactly one of the two." })
export class EntityRefInput {
  @Field(() => ID, { nullable: true, description: "The thing's id." })
  id?: string;

  @Field(() => String, { nullable: true, description: "The thing's name, ignoring case." })
  name?: string;
}
