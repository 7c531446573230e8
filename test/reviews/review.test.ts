import { describe, expect, it } from "vitest";
import { reviewedVerdict, type Standing } from "../../src/reviews/review.js";
import type { JudgedMetric, JudgedResult } from "../../src/runs/index.js";

let made = 0;
/** A review that is newer than those made before it. */
function review(target: Standing["target"], verdict: Standing["verdict"], metricIndex: number | null = null): Standing {
  made += 1;
  return { id: `review ${String(made).padStart(5, "0")}`, target, verdict, metricIndex, createdAt: new Date(made) };
}

function result(automatedStatus: JudgedResult["automatedStatus"], metrics: readonly JudgedMetric["automatedStatus"][], errorType: JudgedResult["errorType"] = null) {
  return { automatedStatus, errorType, metrics: metrics.map((status, metricIndex) => ({ metricIndex, metricVersionId: "v", status, automatedStatus: status })) };
}

describe("the verdict of a result with reviews", () => {
  it("is the automated one without reviews, and with reviews of turns alone", () => {
    expect(reviewedVerdict(result("ERROR", ["INCONCLUSIVE"], "METRIC"), [])).toMatchObject({ status: "ERROR", reviewCount: 0 });
    expect(reviewedVerdict(result("FAILED", ["FAILED"]), [review("TURN", "PASS")])).toMatchObject({ status: "FAILED", reviewCount: 1 });
  });

  it("is the newest review of the whole result, in whatever order they are given", () => {
    const [older, newer] = [review("RESULT", "PASS"), review("RESULT", "FAIL")];
    for (const reviews of [[older, newer], [newer, older]]) expect(reviewedVerdict(result("PASSED", ["PASSED"]), reviews).status).toBe("FAILED");
  });

  it("is derived again from its metrics with the newest review of each", () => {
    const judged = result("FAILED", ["FAILED", "PASSED", "SKIPPED"]);
    const pass = review("METRIC", "PASS", 0);
    expect(reviewedVerdict(judged, [pass])).toEqual({ status: "PASSED", reviewCount: 1, metrics: new Map([[0, "PASSED"], [1, "PASSED"], [2, "SKIPPED"]]) });
    expect(reviewedVerdict(judged, [pass, review("METRIC", "FAIL", 1)]).status).toBe("FAILED");
    expect(reviewedVerdict(judged, [pass, review("METRIC", "FAIL", 0)]).status).toBe("FAILED");
  });

  it("keeps to a review of the whole result whatever is said of its metrics later, whose status follows all the same", () => {
    const whole = review("RESULT", "PASS");
    expect(reviewedVerdict(result("FAILED", ["FAILED", "PASSED"]), [whole, review("METRIC", "FAIL", 1)])).toEqual({ status: "PASSED", reviewCount: 2, metrics: new Map([[0, "FAILED"], [1, "FAILED"]]) });
  });

  it("stays an error while another needed metric gave no verdict", () => {
    const judged = result("ERROR", ["ERROR", "INCONCLUSIVE"], "METRIC");
    expect(reviewedVerdict(judged, [review("METRIC", "PASS", 0)]).status).toBe("ERROR");
    expect(reviewedVerdict(judged, [review("METRIC", "PASS", 0), review("METRIC", "PASS", 1)]).status).toBe("PASSED");
    expect(reviewedVerdict(judged, [review("METRIC", "FAIL", 0)]).status).toBe("FAILED");
  });

  it("stays an error where the endpoint gave no usable answer, until the whole result is reviewed", () => {
    const judged = result("ERROR", ["PASSED"], "HTTP");
    expect(reviewedVerdict(judged, [review("METRIC", "PASS", 0)]).status).toBe("ERROR");
    expect(reviewedVerdict(judged, [review("RESULT", "PASS")]).status).toBe("PASSED");
  });
});
