// The doors alone, as many as wanted over one DATABASE_URL: npm run start:api.
import "./node-version.js";

const { runProcess } = await import("../app/process.js");
await runProcess("api");
