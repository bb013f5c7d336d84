// Checks commands against the JSON Schema before they are published: node validate.mjs FILE, one command a line.
// Prints a line for each that is not valid; exit code 1 if there is one. What a schema cannot say: docs/commands.md.
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const schema = JSON.parse(readFileSync(new URL("../command-schema.json", import.meta.url), "utf8"));
const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);

// The schema's own limit: a schema sees values, not bytes.
const maxBytes = 16384;

function errorsOf(line) {
  const bytes = Buffer.byteLength(line);
  if (bytes > maxBytes) return [`the command is ${bytes} bytes: keep it within ${maxBytes}`];
  try {
    if (validate(JSON.parse(line))) return [];
  } catch (broken) {
    return [broken.message];
  }
  // "if" only repeats that one of a kind's own rules is broken.
  return validate.errors.filter(({ keyword }) => keyword !== "if").map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
}

readFileSync(process.argv[2], "utf8").split("\n").forEach((line, at) => {
  const errors = line === "" ? [] : errorsOf(line);
  if (errors.length > 0) {
    process.exitCode = 1;
    console.log(`${at + 1}: ${errors.join("; ")}`);
  }
});
