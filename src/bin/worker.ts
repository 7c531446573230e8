// The execution of runs alone, as many as wanted over one DATABASE_URL: npm run start:worker.
import "./node-version.js";

const { runProcess } = await import("../app/process.js");
await runProcess("worker");
