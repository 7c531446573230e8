// Loaded before a bot: those that bind every interface come to listen on loopback alone.
import net from "node:net";

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const isPort = typeof port === "number" || /^\d+$/.test(port);
  if (!isPort || typeof rest[0] === "string") return listen.call(this, port, ...rest);
  return listen.call(this, { port: Number(port), host: "127.0.0.1" }, ...rest.filter((argument) => typeof argument === "function"));
};
