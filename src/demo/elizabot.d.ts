/** The parts of elizabot that the demo uses; the package has no types of its own. */
declare module "elizabot" {
  export default class ElizaBot {
    /** `true` makes the answers repeatable: the first rule that fits, no random choice. */
    constructor(noRandom?: boolean);
    transform(text: string): string;
  }
}
