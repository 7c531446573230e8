import { PostgreSqlContainer } from "@testcontainers/postgresql";

/** The image that .ci/run builds: Debian's PostgreSQL 15, the oldest version that is supported. */
const IMAGE = process.env["TEST_POSTGRES_IMAGE"] ?? "assay-postgres15:local";

/** Starts PostgreSQL in a container through testcontainers. */
export async function startContainerDatabase(): Promise<{ url: string; stop: () => Promise<void> }> {
  // The class's own check comes four times a second, all the time, and is cut off after a second: that is nothing on a busy machine.
  const healthCheck = { test: ["CMD-SHELL", "pg_isready --host localhost --username test --dbname test"] as ["CMD-SHELL", string], interval: 1_000, timeout: 30_000, retries: 120 };
  const container = await new PostgreSqlContainer(IMAGE).withHealthCheck(healthCheck).start();
  return {
    url: container.getConnectionUri(),
    stop: async () => {
      await container.stop();
    },
  };
}
