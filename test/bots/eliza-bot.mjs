// ELIZA over HTTP: POST { session_id?, message } answers { session_id, reply, done }; done once it was told goodbye.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import ElizaBot from "elizabot";

const bots = new Map();
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { session_id: id = randomUUID(), message } = JSON.parse(Buffer.concat(chunks).toString());
  if (!bots.has(id)) bots.set(id, new ElizaBot(true));
  const bot = bots.get(id);
  const reply = bot.transform(message);
  response.setHeader("content-type", "application/json").end(JSON.stringify({ session_id: id, reply, done: bot.quit }));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(`ready ${server.address().port}`));
