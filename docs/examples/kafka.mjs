// Registers a user and deposits 12.50 over Kafka: node kafka.mjs HOST:PORT USER_ID
import { randomUUID } from "node:crypto";
import { Kafka, Partitioners, logLevel } from "kafkajs";

const [servers, user] = process.argv.slice(2);
const command = (kind, fields) => JSON.stringify({ id: randomUUID(), kind, issuedAt: new Date().toISOString(), ...fields });

const producer = new Kafka({ brokers: servers.split(","), logLevel: logLevel.ERROR }).producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
await producer.send({
  topic: "bet-commands",
  acks: -1, // all in-sync replicas have it
  messages: [command("register-user", { userId: Number(user), name: "Ada" }), command("deposit", { userId: Number(user), amount: "12.50" })]
    .map((value) => ({ key: user, value })),
});
await producer.disconnect();
