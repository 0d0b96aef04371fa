#!/bin/sh
# MariaDB Galera, three nodes on this machine, to try and to measure:
#
#   sh deploy/cluster/galera.sh start FOLDER     all three, as a new cluster
#   sh deploy/cluster/galera.sh kill FOLDER N    node N (1 to 3) by SIGKILL
#   sh deploy/cluster/galera.sh node FOLDER N    node N again, into the running cluster
#   sh deploy/cluster/galera.sh stop FOLDER      all of it; FOLDER is removed
#
# apt-get install mariadb-server galera-4 rsync. Node N speaks SQL on 127.0.0.1 at port
# GALERA_PORT + N (13310 + N): user root, no password, database wxlogin. What a real
# cluster is set to stands in settings() below; docs/scaling.md says why.
set -eu
what=${1:?start, kill, node or stop} folder=${2:?FOLDER} base=${GALERA_PORT:-13310}
provider=${GALERA_PROVIDER:-/usr/lib/galera/libgalera_smm.so}
owner=
[ "$(id -u)" != 0 ] || owner=mysql

settings() {
  sql=$((base + $1)) group=$((base + 10 * $1 + 100))
  cat <<END
[mysqld]
datadir=$folder/node$1
socket=$folder/node$1.sock
pid-file=$folder/node$1.pid
log-error=$folder/node$1.log
bind-address=127.0.0.1
port=$sql
${owner:+user=$owner}
skip-name-resolve
innodb_buffer_pool_size=64M
innodb_log_file_size=32M
# One row format and one way to number rows for all nodes: what Galera can replicate.
binlog_format=ROW
default_storage_engine=InnoDB
innodb_autoinc_lock_mode=2
# A node that dies gets what it lost from the others.
innodb_flush_log_at_trx_commit=0
wsrep_on=ON
wsrep_provider=$provider
wsrep_provider_options="gmcast.listen_addr=tcp://127.0.0.1:$group;ist.recv_addr=127.0.0.1:$((group + 1));gcache.size=64M;pc.recovery=false"
wsrep_cluster_name=wxlogin
wsrep_cluster_address=gcomm://127.0.0.1:$((base + 110)),127.0.0.1:$((base + 120)),127.0.0.1:$((base + 130))
wsrep_node_name=node$1
wsrep_node_address=127.0.0.1:$group
wsrep_sst_method=rsync
wsrep_sst_receive_address=127.0.0.1:$((group + 2))
# Each node numbers rows in steps of its own (wsrep_auto_increment_control), and a
# statement that lost before its commit is run again by the node.
wsrep_auto_increment_control=ON
wsrep_retry_autocommit=3
END
}

ask() {
  node=$1
  shift
  mariadb --no-defaults -uroot -S "$folder/node$node.sock" -N -e "$*" 2>/dev/null
}

# Waits until node N is part of the cluster and takes statements.
synced() {
  seconds=0
  until [ "$(ask "$1" "SELECT variable_value FROM information_schema.global_status WHERE variable_name='wsrep_local_state_comment'")" = Synced ]; do
    seconds=$((seconds + 1))
    [ $seconds -lt 90 ] || { tail -20 "$folder/node$1.log" >&2; exit 1; }
    sleep 1
  done
}

begin() {
  number=$1
  shift
  settings "$number" > "$folder/node$number.cnf"
  [ -z "$owner" ] || chown -R "$owner" "$folder"
  mariadbd --defaults-file="$folder/node$number.cnf" "$@" > "$folder/node$number.out" 2>&1 &
  synced "$number"
}

end() {
  [ ! -s "$folder/node$1.pid" ] || kill "-$2" "$(cat "$folder/node$1.pid")" 2>/dev/null || true
}

case $what in
start)
  [ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  [ -z "$owner" ] || chown "$owner" "$folder"
  for number in 1 2 3; do
    mariadb-install-db --no-defaults ${owner:+--user=$owner} --datadir="$folder/node$number" \
      --auth-root-authentication-method=normal --skip-test-db > "$folder/install.log" 2>&1
  done
  begin 1 --wsrep-new-cluster
  ask 1 "CREATE DATABASE wxlogin CHARACTER SET utf8mb4"
  begin 2
  begin 3
  ;;
kill)
  end "${3:?N}" KILL
  ;;
node)
  begin "${3:?N}"
  ;;
stop)
  for number in 1 2 3; do end $number KILL; done
  rm -rf "$folder"
  ;;
*)
  echo "start, kill, node or stop" >&2
  exit 1
  ;;
esac
