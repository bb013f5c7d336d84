#!/usr/bin/python3
"""Registers a user and deposits 12.50 over RabbitMQ: rabbitmq.py amqp://user:password@host:port/ USER_ID"""
import datetime, json, secrets, sys, time, uuid
import pika


def uuid7():  # time-ordered: 48 bits of milliseconds, then random bits; uuid.uuid7() from Python 3.14 on
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


def command(kind, **fields):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    return json.dumps({"id": uuid7(), "kind": kind, "issuedAt": now, **fields}).encode()


uri, user = sys.argv[1], int(sys.argv[2])
connection = pika.BlockingConnection(pika.URLParameters(uri))
channel = connection.channel()
channel.confirm_delivery()  # a publish returns when the broker has the message safely, and raises if it has not
properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
for body in (command("register-user", userId=user, name="Ada"), command("deposit", userId=user, amount="12.50")):
    channel.basic_publish("", "bet-commands", body, properties, mandatory=True)
connection.close()
