#!/bin/bash
# The part of the official image's entrypoint that testcontainers relies on: POSTGRES_USER, POSTGRES_PASSWORD and
# POSTGRES_DB make a cluster at the first start, and the command may begin with "postgres".
set -euo pipefail

if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --pgdata="$PGDATA" --username="$user" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:?is needed}") \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    # Single-user mode: no server that a health check could mistake for the real one.
    echo "create database \"$database\"" | postgres --single -j postgres >/dev/null
  fi
fi

if [ "${1:-}" = postgres ]; then shift; fi
# A test database need not outlive a crash: without fsync the tests are several times faster.
# Not as the container's first process: that one inherits orphans, and PostgreSQL takes the end of an orphan by a signal,
# such as of a health check that was cut off, for the crash of a server process: it ends all sessions and recovers.
postgres -c listen_addresses='*' -c fsync=off -c max_connections=300 "$@" &
server=$!
trap 'kill -INT "$server"' INT TERM # a fast shutdown
until wait "$server"; do kill -0 "$server" 2>/dev/null || exit 1; done
