// The gateway and the worker in one process: npm start.
import "./node-version.js";

const { runProcess } = await import("../app/process.js");
await runProcess("gateway");
