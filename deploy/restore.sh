#!/bin/sh
# The database as it was, from a file of backup.sh, while the service is stopped:
#
#   sh deploy/restore.sh FILE DATABASE
#
# PostgreSQL's database is there and empty; where SQLite's file is, it is put aside
# under a name with ".before" that is free.
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
  aside=$database.before number=1
  while [ -e "$aside" ] || [ -e "$aside-wal" ]; do
    number=$((number + 1)) aside=$database.before$number
  done
  for end in "" -wal -shm; do
    if [ -e "$database$end" ]; then mv "$database$end" "$aside$end"; fi
  done
  cp "$file" "$database"
  ;;
esac
