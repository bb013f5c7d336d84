// Registers a user, deposits 12.50 over RabbitMQ and waits for each outcome: node request.mjs amqp://user:password@host:port/ USER_ID
import { randomBytes } from "node:crypto";
import amqp from "amqplib";

// Time-ordered (UUIDv7): 48 bits of milliseconds, then random bits.
function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// Ids stay text: a Number holds 53 bits, an id has 64.
const [uri, user] = process.argv.slice(2);
const connection = await amqp.connect(uri);
const channel = await connection.createConfirmChannel();
const waiting = new Map();
channel.on("return", ({ properties }) => waiting.get(properties.correlationId)?.reject(new Error("there is no queue bet-commands")));
// Direct reply-to: no queue to declare. The answers come to the channel that sends the commands.
await channel.consume("amq.rabbitmq.reply-to", ({ properties, content }) => waiting.get(properties.correlationId)?.resolve(JSON.parse(content.toString())), { noAck: true });

// The outcome. After a timeout send the same command again: it counts once, and is answered with the first outcome.
async function send(command, within = 30_000) {
  const answer = {};
  answer.promise = new Promise((resolve, reject) => Object.assign(answer, { resolve, reject }));
  waiting.set(command.id, answer);
  const timer = setTimeout(() => answer.reject(new Error(`no outcome of ${command.id} within ${within} ms`)), within);
  try {
    const properties = { contentType: "application/json", persistent: true, mandatory: true, replyTo: "amq.rabbitmq.reply-to", correlationId: command.id };
    channel.publish("", "bet-commands", Buffer.from(JSON.stringify(command)), properties);
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    waiting.delete(command.id);
  }
}

const command = (kind, fields) => ({ id: uuid7(), kind, issuedAt: new Date().toISOString(), ...fields });
for (const each of [command("register-user", { userId: user, name: "Ada" }), command("deposit", { userId: user, amount: "12.50" })]) {
  const outcome = await send(each);
  // Not final: parked until outcome.until, because it waits for outcome.waitsFor with the id outcome.waitsForId.
  console.log(each.kind, outcome.outcome, outcome.reason ?? "", outcome.final ? "" : "for now");
}
await connection.close();
