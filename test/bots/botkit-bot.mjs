// Botkit on its web adapter: HTTP at /api/messages and WebSocket on the same port, with a dialogue that has state.
import { WebAdapter } from "botbuilder-adapter-web";
import botkit from "botkit";

const { Botkit, BotkitConversation } = botkit;
const controller = new Botkit({ adapter: new WebAdapter({}), webhook_uri: "/api/messages", disable_console: true });

const pizza = new BotkitConversation("pizza", controller);
pizza.ask(
  "What size pizza?",
  [
    { pattern: "small|large", handler: async (answer, _dialogue, bot) => void (await bot.say(`One ${answer} pizza is on its way.`)) },
    { default: true, handler: async (_answer, dialogue) => void (await dialogue.repeat()) },
  ],
  { key: "size" },
);
controller.addDialog(pizza);
controller.hears("pizza", "message", async (bot) => void (await bot.beginDialog("pizza")));
controller.on("message", async (bot, message) => void (await bot.reply(message, `Hello! You said: ${message.text}`)));
controller.ready(() => console.log(`ready ${controller.http.address().port}`));
