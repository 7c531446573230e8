// The main job from end to end on real data: npm run demo [-- --exit].
import "./node-version.js";

const { failStart } = await import("../app/process.js");
try {
  const { runDemo } = await import("../demo/demo.js");
  await runDemo({ exit: process.argv.includes("--exit") });
} catch (error) {
  failStart(error);
}
