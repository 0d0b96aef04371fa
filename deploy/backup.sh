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
import os, sqlite3, sys
from contextlib import closing
from pathlib import Path
name, kept = sys.argv[1:]
# As an address, in which a ? or % of the path stands for nothing else.
address = f"{Path(name).absolute().as_uri()}?mode=rw"
sound = ""
try:
    with closing(sqlite3.connect(address, uri=True)) as source:
        with closing(sqlite3.connect(kept)) as copy:
            source.backup(copy)
            (sound,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
            copy.execute("PRAGMA journal_mode=DELETE")
except sqlite3.Error as error:
    sound = str(error)
finally:
    # What is no backup has no place among them.
    if sound != "ok" and os.path.exists(kept):
        os.remove(kept)
sys.exit(0 if sound == "ok" else f"{name} cannot be kept: {sound}")
END
  ;;
esac
