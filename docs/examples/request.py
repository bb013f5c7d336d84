#!/usr/bin/python3
"""Registers a user, deposits 12.50 over RabbitMQ and waits for each outcome: request.py amqp://user:password@host:port/ USER_ID"""
import datetime, json, secrets, sys, time, uuid
import pika


def uuid7():  # time-ordered: 48 bits of milliseconds, then random bits; uuid.uuid7() from Python 3.14 on
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


def command(kind, **fields):
    return {"id": uuid7(), "kind": kind, "issuedAt": datetime.datetime.now(datetime.timezone.utc).isoformat(), **fields}


uri, user = sys.argv[1], int(sys.argv[2])
connection = pika.BlockingConnection(pika.URLParameters(uri))
channel = connection.channel()
channel.confirm_delivery()
answers = {}
# Direct reply-to: no queue to declare. The answers come to the channel that sends the commands.
channel.basic_consume("amq.rabbitmq.reply-to", lambda _, method, properties, body: answers.update({properties.correlation_id: json.loads(body)}), auto_ack=True)


def send(command, within=30):
    """The outcome. After a timeout send the same command again: it counts once, and is answered with the first outcome."""
    properties = pika.BasicProperties(content_type="application/json", delivery_mode=2, reply_to="amq.rabbitmq.reply-to", correlation_id=command["id"])
    channel.basic_publish("", "bet-commands", json.dumps(command).encode(), properties, mandatory=True)
    until = time.monotonic() + within
    while command["id"] not in answers and time.monotonic() < until:
        connection.process_data_events(time_limit=1)
    if command["id"] not in answers:
        sys.exit(f"no outcome of {command['id']} within {within} s")
    return answers.pop(command["id"])


for each in (command("register-user", userId=user, name="Ada"), command("deposit", userId=user, amount="12.50")):
    outcome = send(each)
    # Not final: parked until outcome["until"], because it waits for outcome["waitsFor"] with the id outcome["waitsForId"].
    print(each["kind"], outcome["outcome"], outcome.get("reason", ""), "" if outcome["final"] else "for now")
connection.close()
