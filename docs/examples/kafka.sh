#!/bin/bash
# Registers a user and deposits 12.50 over Kafka: kafka.sh HOST:PORT USER_ID
# Ids are random here; time-ordered ones (UUIDv7), as the other examples make them, are kinder to the database.
set -euo pipefail
servers=$1 user=$2
now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; }
kcat -P -b "$servers" -t bet-commands -K '|' -X acks=-1,topic.partitioner=murmur2_random <<END
$user|{"id":"$(cat /proc/sys/kernel/random/uuid)","kind":"register-user","issuedAt":"$(now)","userId":$user,"name":"Ada"}
$user|{"id":"$(cat /proc/sys/kernel/random/uuid)","kind":"deposit","issuedAt":"$(now)","userId":$user,"amount":"12.50"}
END
