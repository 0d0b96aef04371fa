#!/bin/sh
# One file with the whole database, while the service runs:
#
#   sh deploy/backup.sh DATABASE FILE
#
# DATABASE is SQLite's file or PostgreSQL's address (postgresql://…, as DATABASE_URL
# without "+psycopg"). The keys are not in it: docs/deploying.md.
set -eu
umask 077
database=${1:?DATABASE} file=${2:?FILE}
[ ! -e "$file" ] || { echo "$file is there already" >&2; exit 1; }
case $database in
postgresql*://*)
  exec pg_dump --format=custom --no-owner --no-privileges --file="$file" \
    "postgresql://${database#*://}"
  ;;
*)
  [ -f "$database" ] || { echo "there is no $database" >&2; exit 1; }
  exec "${PYTHON:-python3}" - "$database" "$file" <<'END'
import sqlite3, sys
from contextlib import closing
with closing(sqlite3.connect(f"file:{sys.argv[1]}?mode=rw", uri=True)) as source:
    with closing(sqlite3.connect(sys.argv[2])) as copy:
        source.backup(copy)
        [(sound,)] = copy.execute("PRAGMA integrity_check").fetchall()
        copy.execute("PRAGMA journal_mode=DELETE")
sys.exit(0 if sound == "ok" else sound)
END
  ;;
esac
