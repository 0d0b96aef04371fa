#!/bin/sh
# PostgreSQL with a standby and PgBouncer on this machine, to try and to measure:
#
#   sh deploy/cluster/postgresql.sh start FOLDER     primary, standby, PgBouncer
#   sh deploy/cluster/postgresql.sh kill FOLDER      the primary by SIGKILL
#   sh deploy/cluster/postgresql.sh promote FOLDER   the standby takes over
#   sh deploy/cluster/postgresql.sh stop FOLDER      all of it; FOLDER is removed
#
# apt-get install postgresql pgbouncer. The primary listens on 127.0.0.1 at port
# POSTGRESQL_PORT (15430), the standby at the next one, PgBouncer in transaction mode at
# the one after: user wxlogin, no password, database wxlogin. In production somebody has
# to notice that the primary is gone: Patroni, pg_auto_failover or a person.
set -eu
what=${1:?start, kill, promote or stop} folder=${2:?FOLDER}
primary=${POSTGRESQL_PORT:-15430}
standby=$((primary + 1)) pooler=$((primary + 2))
bin=${POSTGRESQL_BIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)}

# PostgreSQL does not run as root.
as_owner() {
  if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}

begin() {
  as_owner "$bin/pg_ctl" -D "$folder/$1" -l "$folder/$1.log" -w -o "-p $2 -h 127.0.0.1 -k $folder" start > /dev/null
}

point_pooler_to() {
  cat > "$folder/pgbouncer.ini" <<END
[databases]
wxlogin = host=127.0.0.1 port=$1 dbname=wxlogin
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $pooler
unix_socket_dir = $folder
pidfile = $folder/pgbouncer.pid
logfile = $folder/pgbouncer.log
auth_type = trust
auth_file = $folder/users.txt
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
# Of a server that is gone: asked again soon, and not waited for.
server_login_retry = 1
server_connect_timeout = 3
query_wait_timeout = 8
tcp_keepalive = 1
END
}

case $what in
start)
  [ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  [ "$(id -u)" != 0 ] || chown postgres "$folder"
  as_owner "$bin/initdb" -D "$folder/primary" -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync > "$folder/initdb.log"
  # A commit waits until the standby has it: nothing is lost with the primary.
  cat >> "$folder/primary/postgresql.conf" <<'END'
shared_buffers = 64MB
max_connections = 100
synchronous_commit = on
synchronous_standby_names = '*'
wal_keep_size = 256MB
END
  begin primary "$primary"
  cat > "$folder/first.sql" <<'END'
SET synchronous_commit = local;
CREATE ROLE wxlogin LOGIN;
-- PgBouncer's connections are shared: limits belong to the role.
ALTER ROLE wxlogin SET statement_timeout = '8s';
ALTER ROLE wxlogin SET lock_timeout = '5s';
CREATE DATABASE wxlogin OWNER wxlogin;
END
  as_owner psql -q -h "$folder" -p "$primary" -U postgres -f "$folder/first.sql"
  as_owner "$bin/pg_basebackup" -h "$folder" -p "$primary" -U postgres -D "$folder/standby" -R -C -S standby --checkpoint=fast --no-sync
  begin standby "$standby"
  echo '"wxlogin" ""' > "$folder/users.txt"
  point_pooler_to "$primary"
  [ "$(id -u)" != 0 ] || chown postgres "$folder"/users.txt "$folder"/pgbouncer.ini
  as_owner pgbouncer -q -d "$folder/pgbouncer.ini"
  ;;
kill)
  # The postmaster first, so that it starts none of its children again.
  main=$(head -1 "$folder/primary/postmaster.pid")
  children=$(ps -o pid= --ppid "$main")
  kill -KILL "$main" $children 2> /dev/null || true
  ;;
promote)
  # Nobody is behind the new primary, so it waits for nobody.
  echo "synchronous_standby_names = ''" >> "$folder/standby/postgresql.auto.conf"
  as_owner "$bin/pg_ctl" -D "$folder/standby" -w promote > /dev/null
  as_owner "$bin/pg_ctl" -D "$folder/standby" reload > /dev/null
  point_pooler_to "$standby"
  kill -HUP "$(cat "$folder/pgbouncer.pid")"
  ;;
stop)
  [ ! -s "$folder/pgbouncer.pid" ] || kill -INT "$(cat "$folder/pgbouncer.pid")" || true
  for one in primary standby; do
    as_owner "$bin/pg_ctl" -D "$folder/$one" -m immediate -w stop > /dev/null 2>&1 || true
  done
  rm -rf "$folder"
  ;;
*)
  echo "start, kill, promote or stop" >&2
  exit 1
  ;;
esac
