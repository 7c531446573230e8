export type { EventBus, EventListener } from "./event-bus.js";
export { PgEventBus } from "./pg-event-bus.js";
