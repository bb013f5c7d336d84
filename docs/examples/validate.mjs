// Checks commands against the JSON Schema before they are published: node validate.mjs FILE, one command a line, or - for standard input.
// Prints a line for each that is not valid; exit code 1 if there is one, 2 if FILE cannot be read. It takes the lines that `Ingest publish`
// takes: a line ends with a line feed; blank lines, a carriage return at the end and a byte order mark at the beginning do not count.
// What a schema cannot say: docs/commands.md.
import { createReadStream, readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";

const schema = JSON.parse(readFileSync(new URL("../command-schema.json", import.meta.url), "utf8"));
const validate = new Ajv({ strict: true, allErrors: true }).compile(schema);

// The schema's own limits: a schema sees values, not bytes.
const maxBytes = 16384;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const lineFeed = 0x0a, carriageReturn = 0x0d;
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const utf16 = [[0xff, 0xfe], [0xfe, 0xff], [0x7b, 0], [0, 0x7b]];

// Each line as its bytes.
async function* linesOf(file) {
  let parts = [], isFirst = true;
  for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
    if (isFirst && utf16.some(([one, two]) => chunk[0] === one && chunk[1] === two)) throw new Error("FILE is UTF-16: save it as UTF-8");
    isFirst = false;
    let start = 0;
    for (let end; (end = chunk.indexOf(lineFeed, start)) >= 0; start = end + 1) {
      yield Buffer.concat([...parts, chunk.subarray(start, end)]);
      parts = [];
    }
    parts.push(chunk.subarray(start));
  }
  yield Buffer.concat(parts);
}

// Null for a blank line.
function commandOf(line) {
  const bytes = line.subarray(0, 3).equals(byteOrderMark) ? line.subarray(3) : line;
  if (bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === carriageReturn)) return null;
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes;
}

function errorsOf(command) {
  if (command.length > maxBytes) return [`the command is ${command.length} bytes: keep it within ${maxBytes}`];
  try {
    if (validate(JSON.parse(utf8.decode(command)))) return [];
  } catch (broken) {
    // The message of a JSON error quotes the text.
    return [broken instanceof SyntaxError ? broken.message.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ") : "encode it as UTF-8"];
  }
  // "if" only repeats that one of a kind's own rules is broken.
  return validate.errors.filter(({ keyword }) => keyword !== "if").map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
}

try {
  if (process.argv.length !== 3) throw new Error("give one FILE, or - for standard input");
  let number = 0;
  for await (const line of linesOf(process.argv[2])) {
    number++;
    const command = commandOf(line);
    const errors = command === null ? [] : errorsOf(command);
    if (errors.length > 0) {
      process.exitCode = 1;
      console.log(`${number}: ${errors.join("; ")}`);
    }
  }
} catch (failure) {
  process.exitCode = 2;
  console.error(`validate.mjs: ${failure.message}`);
}
