import { PostgreSqlContainer } from "@testcontainers/postgresql";

/** The image that .ci/run builds: Debian's PostgreSQL 15, the oldest version that is supported. */
const IMAGE = process.env["TEST_POSTGRES_IMAGE"] ?? "assay-postgres15:local";

/** Starts PostgreSQL in a container through testcontainers. */
export async function startContainerDatabase(): Promise<{ url: string; stop: () => Promise<void> }> {
  const container = await new PostgreSqlContainer(IMAGE).start();
  return {
    url: container.getConnectionUri(),
    stop: async () => {
      await container.stop();
    },
  };
}
