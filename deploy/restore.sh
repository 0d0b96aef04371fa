#!/bin/sh
# The database as it was, from a file of backup.sh, while the service is stopped:
#
#   sh deploy/restore.sh FILE DATABASE
#
# PostgreSQL's database is there and empty; where SQLite's file is, it is put aside
# under a name with ".before".
set -eu
umask 077
file=${1:?FILE} database=${2:?DATABASE}
[ -f "$file" ] || { echo "there is no $file" >&2; exit 1; }
case $database in
postgresql*://*)
  exec pg_restore --exit-on-error --single-transaction --no-owner --no-privileges \
    --dbname="postgresql://${database#*://}" "$file"
  ;;
*)
  for end in "" -wal -shm; do
    if [ -e "$database$end" ]; then mv "$database$end" "$database.before$end"; fi
  done
  cp "$file" "$database"
  ;;
esac
