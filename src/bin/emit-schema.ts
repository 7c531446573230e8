import "./node-version.js";

const { readFile, writeFile } = await import("node:fs/promises");
const { createOfflineSchema } = await import("../app/offline-schema.js");
const { schemaText } = await import("../app/schema.js");

const path = "schema.graphql"; // npm runs scripts in the package's folder, wherever it was called from
const text = schemaText(createOfflineSchema());
const old = await readFile(path, "utf8").catch(() => null); // not there yet: written like any change
if (text !== old) await writeFile(path, text);
process.stderr.write(`${path} is ${text === old ? "up to date" : "written anew"}\n`);
