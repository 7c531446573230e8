import "reflect-metadata";
import { Field, ID, InterfaceType } from "type-graphql";

/** Whatever has an id that `node` finds. */
@InterfaceType("Node", { description: "A thing with an id that `node` finds again." })
export abstract class NodeType {
  @Field(() => ID, { description: "The thing's id: a lower-case UUID of version 7, the same in the database, in logs and in URLs." })
  id!: string;
}
