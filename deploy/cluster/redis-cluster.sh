#!/bin/sh
# A Redis Cluster of three primaries with a replica each on this machine, to try and to
# measure:
#
#   sh deploy/cluster/redis-cluster.sh start FOLDER
#   sh deploy/cluster/redis-cluster.sh kill FOLDER     one primary by SIGKILL
#   sh deploy/cluster/redis-cluster.sh stop FOLDER     all of it; FOLDER is removed
#
# apt-get install redis-server. The servers listen on 127.0.0.1 at CLUSTER_PORT + 1 to 6
# (16391 to 16396):
# REDIS_URL=redis+cluster://127.0.0.1:16391,127.0.0.1:16392,127.0.0.1:16393
set -eu
what=${1:?start, kill or stop} folder=${2:?FOLDER} base=${CLUSTER_PORT:-16390}

case $what in
start)
  [ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
  mkdir -p "$folder"
  nodes=
  for number in 1 2 3 4 5 6; do
    port=$((base + number))
    nodes="$nodes 127.0.0.1:$port"
    mkdir "$folder/$number"
    redis-server --port $port --bind 127.0.0.1 --dir "$folder/$number" --daemonize yes \
      --pidfile "$folder/$number.pid" --logfile "$folder/$number.log" --save '' \
      --appendonly yes --cluster-enabled yes --cluster-node-timeout 2000 \
      --repl-diskless-sync-delay 0 > /dev/null
    until redis-cli -p $port ping 2> /dev/null | grep -q PONG; do sleep 0.1; done
  done
  # shellcheck disable=SC2086
  redis-cli --cluster create $nodes --cluster-replicas 1 --cluster-yes > "$folder/create.log"
  for number in 1 2 3 4 5 6; do
    tries=0
    until redis-cli -p $((base + number)) cluster info | grep -q cluster_state:ok &&
      [ "$(redis-cli -p $((base + number)) cluster nodes | grep -c slave)" = 3 ]; do
      tries=$((tries + 1))
      [ $tries -lt 150 ] || { echo "the cluster never became whole" >&2; exit 1; }
      sleep 0.2
    done
  done
  for number in 4 5 6; do
    until redis-cli -p $((base + number)) info replication | grep -q master_link_status:up; do
      sleep 0.2
    done
  done
  ;;
kill)
  kill -KILL "$(cat "$folder/1.pid")"
  ;;
stop)
  for one in "$folder"/*.pid; do
    [ ! -s "$one" ] || kill -KILL "$(cat "$one")" 2> /dev/null || true
  done
  rm -rf "$folder"
  ;;
*)
  echo "start, kill or stop" >&2
  exit 1
  ;;
esac
