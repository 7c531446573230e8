import { performance } from "node:perf_hooks";

/** Over how long the load is measured: shorter is noise, longer misses a small run. */
const WINDOW_MS = 100;
/** From this share of the time on the process has none to spare. */
const SATURATED = 0.85;

/** Makes a gauge that tells whether this process computes nearly all the time, so that whatever waits for an answer waits for the others' work, too. */
export function loopGauge(): () => boolean {
  let before = performance.eventLoopUtilization();
  let measuredAt = performance.now();
  let isSaturated = false;
  return () => {
    if (performance.now() - measuredAt < WINDOW_MS) return isSaturated;
    const now = performance.eventLoopUtilization();
    isSaturated = performance.eventLoopUtilization(now, before).utilization >= SATURATED;
    before = now;
    measuredAt = performance.now();
    return isSaturated;
  };
}
