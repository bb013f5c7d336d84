// Registers a user and deposits 12.50 over Kafka: node kafka.mjs HOST:PORT USER_ID
import { randomBytes } from "node:crypto";
import { Kafka, Partitioners, logLevel } from "kafkajs";

// Time-ordered (UUIDv7): 48 bits of milliseconds, then random bits.
function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString("hex").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// Ids stay text: a Number holds 53 bits, an id has 64.
const [servers, user] = process.argv.slice(2);
const command = (kind, fields) => JSON.stringify({ id: uuid7(), kind, issuedAt: new Date().toISOString(), ...fields });

const producer = new Kafka({ brokers: servers.split(","), logLevel: logLevel.ERROR }).producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
await producer.send({
  topic: "bet-commands",
  acks: -1, // all in-sync replicas have it
  messages: [command("register-user", { userId: user, name: "Ada" }), command("deposit", { userId: user, amount: "12.50" })]
    .map((value) => ({ key: user, value })),
});
await producer.disconnect();
