import { describe, expect, it } from "vitest";
import { WaitClock } from "../../src/scoring/wait-clock.js";

/** A clock with a time to set, and work to end by hand. */
function givenClock() {
  let now = 0;
  const clock = new WaitClock(() => now);
  const begun = (begin: (work: () => Promise<void>) => Promise<void>) => {
    let end = (): void => undefined;
    const done = begin(() => new Promise<void>((resolve) => (end = resolve)));
    return async (): Promise<void> => {
      end();
      await done;
    };
  };
  return { clock, at: (time: number) => (now = time), call: () => begun((work) => clock.call(work)), attempt: () => begun((work) => clock.attempt(work)) };
}

describe("what work only waited for", () => {
  it("is the time before and between the attempts of a call, not the attempts and not the work around it", async () => {
    const { clock, at, call, attempt } = givenClock();
    at(100);
    const endCall = call();
    at(150);
    expect(clock.waitedMs).toBe(50);
    const endFirst = attempt();
    at(200);
    await endFirst();
    at(230);
    const endSecond = attempt();
    at(300);
    await endSecond();
    await endCall();
    at(1000);
    expect(clock.waitedMs).toBe(80);
  });

  it("is of calls at once only what none of them made use of", async () => {
    const { clock, at, call, attempt } = givenClock();
    const [endA, endB] = [call(), call()];
    at(10);
    const endAttemptA = attempt();
    at(30);
    const endAttemptB = attempt();
    at(40);
    await endAttemptA();
    await endA();
    at(60);
    await endAttemptB();
    await endB();
    expect(clock.waitedMs).toBe(10);
  });

  it("ends with a call that fails", async () => {
    const { clock, at } = givenClock();
    await expect(
      clock.call(async () => {
        at(25);
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    at(90);
    expect(clock.waitedMs).toBe(25);
  });
});
