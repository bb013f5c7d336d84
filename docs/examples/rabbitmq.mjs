// Registers a user and deposits 12.50 over RabbitMQ: node rabbitmq.mjs amqp://user:password@host:port/ USER_ID
import { randomUUID } from "node:crypto";
import amqp from "amqplib";

const [uri, user] = process.argv.slice(2);
const command = (kind, fields) => Buffer.from(JSON.stringify({ id: randomUUID(), kind, issuedAt: new Date().toISOString(), ...fields }));

const connection = await amqp.connect(uri);
const channel = await connection.createConfirmChannel();
channel.on("return", () => { console.error("there is no queue bet-commands"); process.exit(1); });
for (const body of [command("register-user", { userId: Number(user), name: "Ada" }), command("deposit", { userId: Number(user), amount: "12.50" })]) {
  channel.publish("", "bet-commands", body, { contentType: "application/json", persistent: true, mandatory: true });
}
await channel.waitForConfirms(); // the broker has them safely
await connection.close();
