export { RunDownloadsResolver } from "./run-downloads.resolver.js";
