import { mergeConfig } from "vitest/config";
import base from "../vitest.config.js";

// Apart from the other tests: what these need is installed by `npm ci` in this folder alone.
const config = mergeConfig(base, {});
config.test = { ...config.test, include: ["test/bots/**/*.test.ts"], exclude: ["**/node_modules/**"] };
export default config;
