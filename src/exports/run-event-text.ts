import { coverage, passRate, phaseOf, progressOf, type RunEvent, type TestResult } from "../runs/index.js";

/** One step of a run as a server-sent event: its id is the cursor, its data is JSON in the shape of RunStatusEvent, on one line. */
export function runEventText(event: RunEvent): string {
  const { run } = event;
  const { runId: _id, status, ...progress } = progressOf(run, event.runningOrdinals);
  const data = {
    cursor: event.cursor,
    status,
    progress,
    run: {
      id: run.id, name: run.name, kind: run.kind, status: run.status, phase: phaseOf(run), passRate: passRate(run), coverage: coverage(run),
      createdAt: run.createdAt, startedAt: run.startedAt, finishedAt: run.finishedAt,
    }, // prettier-ignore
    finishedResults: event.finishedResults.map(finishedResult),
    hasMore: event.hasMore,
  };
  return `id: ${event.cursor}\ndata: ${JSON.stringify(data)}\n\n`;
}

function finishedResult({ id, testId, position, trial, status, automatedStatus, error, latencyMs, startedAt, finishedAt }: TestResult): object {
  return { id, test: { id: testId }, position, trial, status, automatedStatus, error, latencyMs, startedAt, finishedAt };
}
