// RiveScript over HTTP: POST { session?, text } answers { session, reply }. It remembers what each session told it.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import RiveScript from "rivescript";

const BRAIN = `
+ my name is *
- <set name=<formal>>Nice to meet you, <get name>.

+ what is my name
* <get name> != undefined => Your name is <get name>.
- You never told me your name.

+ knock knock
- Who's there?

+ *
% whos there
- <sentence> who?

+ *
- I do not understand.
`;

const brain = new RiveScript({ utf8: false });
brain.stream(BRAIN);
brain.sortReplies();

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const { session = randomUUID(), text } = JSON.parse(Buffer.concat(chunks).toString());
  const reply = await brain.reply(session, text);
  response.setHeader("content-type", "application/json").end(JSON.stringify({ session, reply }));
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(`ready ${server.address().port}`));
