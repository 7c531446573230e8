import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A fast endpoint in a process of its own, so that it does not share the gateway's thread: answers after DELAY_MS. */
const delayMs = Number(process.argv[2] ?? "0");
const server = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    setTimeout(() => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ output: "echo of what was asked" }));
    }, delayMs);
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
