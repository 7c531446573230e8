// Brings the schema of DATABASE_URL up to date: npm run migrate.
import "./node-version.js";

const { failStart } = await import("../app/process.js");
try {
  const { runMigrate } = await import("../app/migrate.js");
  await runMigrate();
} catch (error) {
  failStart(error);
}
