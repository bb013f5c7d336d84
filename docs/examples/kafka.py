#!/usr/bin/python3
"""Registers a user and deposits 12.50 over Kafka: kafka.py HOST:PORT USER_ID"""
import datetime, json, secrets, sys, time, uuid
from confluent_kafka import Producer


def uuid7():  # time-ordered: 48 bits of milliseconds, then random bits; uuid.uuid7() from Python 3.14 on
    return str(uuid.UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)))


def command(kind, **fields):
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    return json.dumps({"id": uuid7(), "kind": kind, "issuedAt": now, **fields}).encode()


def confirmed(error, message):
    if error:
        sys.exit(f"not published: {error}")  # send the same command again


servers, user = sys.argv[1], int(sys.argv[2])
producer = Producer({"bootstrap.servers": servers, "acks": "all", "enable.idempotence": True, "partitioner": "murmur2_random"})
for body in (command("register-user", userId=user, name="Ada"), command("deposit", userId=user, amount="12.50")):
    producer.produce("bet-commands", body, key=str(user), on_delivery=confirmed)
if producer.flush(30) > 0:
    sys.exit("not confirmed within 30 s")
