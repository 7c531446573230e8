/** An operation that the playground opens with. */
export interface Example {
  readonly name: string;
  readonly query: string;
  readonly variables: string | null;
}

const FIRST_QUERY = `# Welcome to Assay. Ctrl-Enter (or Cmd-Enter) runs this;
# the book on the left holds the documentation.
query FirstQuery {
  viewer {
    user { name email }
    organization { name }
    role
  }
  gateway {
    version
    limits
  }
}
`;

const TEST_SETS = `query TestSets($first: Int = 10, $after: String) {
  testSets(first: $first, after: $after) {
    totalCount
    nodes {
      id
      name
      version
      testCount
      metrics { name scoreType }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const EXECUTE = `# Queues a run of every test of the set against the endpoint.
# Paste its id into the next tab to watch it.
mutation ExecuteTestSet($input: ExecuteTestSetInput!) {
  executeTestSet(input: $input) {
    id
    name
    status
    progress { total }
  }
}
`;

const RUN_STATUS = `# The present state first, then every step, over a WebSocket.
# It completes when the run has ended.
subscription RunStatus($runId: ID!, $after: String) {
  runStatus(runId: $runId, after: $after) {
    cursor
    status
    progress { total finished passed failed errored etaMs }
    finishedResults { position status output { preview } }
    hasMore
  }
}
`;

/** The tabs of a first visit, in their order; links name them by \`operation\`. */
export const EXAMPLES: readonly Example[] = [
  { name: "FirstQuery", query: FIRST_QUERY, variables: null },
  { name: "TestSets", query: TEST_SETS, variables: JSON.stringify({ first: 10 }, null, 2) },
  { name: "ExecuteTestSet", query: EXECUTE, variables: JSON.stringify({ input: { testSet: { name: "GSM8K test split" }, endpoint: { name: "ELIZA on this machine" } } }, null, 2) },
  { name: "RunStatus", query: RUN_STATUS, variables: JSON.stringify({ runId: "" }, null, 2) },
];
