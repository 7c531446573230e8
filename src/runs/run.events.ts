/** Published with a run's id whenever something that a subscriber sees has changed. */
export const RUN_CHANGED = "run";
/** Published with a run's id when people change its course: workers look at once. */
export const RUN_CONTROL = "run-control";
