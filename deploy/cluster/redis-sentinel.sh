#!/bin/sh
# A Redis with two replicas and three sentinels on this machine, to try and to measure:
#
#   sh deploy/cluster/redis-sentinel.sh start FOLDER
#   sh deploy/cluster/redis-sentinel.sh kill FOLDER     the primary by SIGKILL
#   sh deploy/cluster/redis-sentinel.sh stop FOLDER     all of it; FOLDER is removed
#
# apt-get install redis-server. The three servers listen on 127.0.0.1 at SENTINEL_PORT + 1
# to 3 (16371 to 16373), the sentinels at SENTINEL_PORT + 11 to 13:
# REDIS_URL=redis+sentinel://127.0.0.1:16381,127.0.0.1:16382,127.0.0.1:16383/wxlogin
set -eu
what=${1:?start, kill or stop} folder=${2:?FOLDER} base=${SENTINEL_PORT:-16370}

# Waits until the server at the port says so.
until_says() {
  port=$1 wanted=$2 tries=0
  shift 2
  until redis-cli -p "$port" "$@" 2> /dev/null | grep -q "$wanted"; do
    tries=$((tries + 1))
    [ $tries -lt 150 ] || { echo "the server at $port never said $wanted" >&2; exit 1; }
    sleep 0.2
  done
}

case $what in
start)
  [ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
  mkdir -p "$folder"
  for number in 1 2 3; do
    port=$((base + number))
    mkdir "$folder/$number"
    # A primary whose replicas are gone takes nothing that could be lost with it.
    redis-server --port $port --bind 127.0.0.1 --dir "$folder/$number" --daemonize yes \
      --pidfile "$folder/$number.pid" --logfile "$folder/$number.log" --save '' \
      --appendonly yes --min-replicas-to-write 1 --min-replicas-max-lag 3 \
      --repl-diskless-sync-delay 0 > /dev/null
    until_says $port PONG ping
    [ $number = 1 ] || redis-cli -p $port replicaof 127.0.0.1 $((base + 1)) > /dev/null
  done
  until_says $((base + 1)) '^connected_slaves:2' info replication
  for number in 1 2 3; do
    port=$((base + 10 + number))
    cat > "$folder/sentinel$number.conf" <<END
port $port
bind 127.0.0.1
dir $folder
daemonize yes
pidfile $folder/sentinel$number.pid
logfile $folder/sentinel$number.log
sentinel monitor wxlogin 127.0.0.1 $((base + 1)) 2
sentinel down-after-milliseconds wxlogin 1500
sentinel failover-timeout wxlogin 5000
END
    redis-server "$folder/sentinel$number.conf" --sentinel > /dev/null
  done
  for number in 1 2 3; do
    until_says $((base + 10 + number)) 'slaves=2,sentinels=3' info sentinel
  done
  ;;
kill)
  port=$(redis-cli -p $((base + 11)) sentinel get-master-addr-by-name wxlogin | tail -1)
  kill -KILL "$(cat "$folder/$((port - base)).pid")"
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
