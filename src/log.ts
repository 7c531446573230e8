import { type Logger as PinoLogger, pino } from "pino";

/** Structured log: one JSON line an event on standard error. Never pass secrets, whole requests or answers. */
export type Logger = PinoLogger;

/** The process's log; `service` is gateway, api or worker. */
export function createLogger(options: { level: string; service: string; pretty?: boolean }): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: ["authorization", "*.authorization", "token", "*.token", "secret", "*.secret", "password", "*.password"], censor: "***" },
    },
    options.pretty === true ? prettyStream() : pino.destination({ fd: 2, sync: true }),
  );
}

/** For people on a terminal: time, level, message, then the other fields. */
function prettyStream(): { write: (line: string) => void } {
  return {
    write: (line) => {
      const { time, level, msg, service, ...fields } = JSON.parse(line) as Record<string, unknown>; // pino wrote it
      const rest = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
      process.stderr.write(`${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(service)} ${String(msg)}${rest}\n`);
    },
  };
}
