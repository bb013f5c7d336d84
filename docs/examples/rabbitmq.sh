#!/bin/bash
# Registers a user and deposits 12.50 over RabbitMQ: rabbitmq.sh amqp://user:password@host:port/ USER_ID
# Ids are random here; time-ordered ones (UUIDv7), as the other examples make them, are kinder to the database.
set -euo pipefail
uri=${1%/} user=$2
publish() { amqp-publish --url="$uri" --exchange= --routing-key=bet-commands --persistent --content-type=application/json --body="$1"; }
now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
publish "{\"id\":\"$(cat /proc/sys/kernel/random/uuid)\",\"kind\":\"register-user\",\"issuedAt\":\"$(now)\",\"userId\":$user,\"name\":\"Ada\"}"
publish "{\"id\":\"$(cat /proc/sys/kernel/random/uuid)\",\"kind\":\"deposit\",\"issuedAt\":\"$(now)\",\"userId\":$user,\"amount\":\"12.50\"}"
