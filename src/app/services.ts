import { AccountsService } from "../accounts/index.js";
import type { Db } from "../db/index.js";
import type { Logger } from "../log.js";
import { MetricAssignmentsService, MetricsService } from "../metrics/index.js";
import { TestService, TestSetService } from "../test-sets/index.js";

/** What the services stand on. Tests compose the same way with another clock. */
export interface Ground {
  readonly db: Db;
  readonly now: () => Date;
  readonly log: Logger;
  /** 32 bytes: encrypts credentials at rest. */
  readonly secretKey: Buffer;
  /** Whether endpoints, models and remote metrics may be on private addresses. */
  readonly allowPrivateAddresses: boolean;
}

/** The use cases of all rooms: a page of constructor calls, read top to bottom. Free of GraphQL: the worker composes it, too. */
export function composeServices(ground: Ground) {
  const accounts = new AccountsService(ground);
  const metrics = new MetricsService(ground);
  const metricAssignments = new MetricAssignmentsService(ground);
  const testSets = new TestSetService({ ...ground, accounts, metrics: metricAssignments });
  const tests = new TestService(ground);
  return { accounts, metrics, metricAssignments, testSets, tests };
}

export type Services = ReturnType<typeof composeServices>;
