// Registers a user and deposits 12.50 over RabbitMQ: node rabbitmq.mjs amqp://user:password@host:port/ USER_ID
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
const command = (kind, fields) => Buffer.from(JSON.stringify({ id: uuid7(), kind, issuedAt: new Date().toISOString(), ...fields }));

const connection = await amqp.connect(uri);
const channel = await connection.createConfirmChannel();
channel.on("return", () => { console.error("there is no queue bet-commands"); process.exit(1); });
for (const body of [command("register-user", { userId: user, name: "Ada" }), command("deposit", { userId: user, amount: "12.50" })]) {
  channel.publish("", "bet-commands", body, { contentType: "application/json", persistent: true, mandatory: true });
}
await channel.waitForConfirms(); // the broker has them safely
await connection.close();
