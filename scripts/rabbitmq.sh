#!/usr/bin/env bash
# A private, throw-away RabbitMQ for tests: scripts/rabbitmq.sh start|stop|kill|pid|url|ctl
#
# `start` prints the URL of a broker that only this machine reaches, once it takes connections; one that runs already is used
# again. `kill` is kill -9; the next `start` brings it up on the same data and the same port. `ctl` is rabbitmqctl, asked of
# this broker. Several live side by side, each in a folder of its own:
#
#   MASKARAD_RABBITMQ_DIR   where data, logs and the cookie lie; target/rabbitmq if it isn't set
#   MASKARAD_RABBITMQ_PORT  the port for AMQP, the two above it are Erlang's; chosen once for each folder if it isn't set
#   MASKARAD_RABBITMQ_ADDRESS  the address that takes AMQP, for clients in a network of their own; loopback if it never was set
#                           for the folder. Erlang's ports stay on the loopback.
#
# Debian's commands want to be root and then become the user rabbitmq; what they call wants neither, so all is done as
# whoever calls this.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=${MASKARAD_RABBITMQ_DIR:-$repository/target/rabbitmq}
programs=/usr/lib/rabbitmq/bin
seconds=120

install() {
    local root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    # The package must not bring up a broker of its own: not now, and not at the next boot.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap '"${root[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
        "${root[@]}" chmod +x "$policy"
    fi
    "$repository/scripts/apt.sh" RabbitMQ rabbitmq-server
    "${root[@]}" rm -f /etc/systemd/system/multi-user.target.wants/rabbitmq-server.service
}

configure() {
    cat >"$directory/rabbitmq.conf" <<CONF
default_user = maskarad
default_pass = maskarad
default_vhost = maskarad
log.console = false
# For a small machine: else each broker may hold half a gigabyte of its queues' log in memory.
raft.wal_max_size_bytes = 64000000
CONF
    echo '[].' >"$directory/plugins"
    [ -e "$directory/.erlang.cookie" ] || (umask 377 && echo "maskarad$RANDOM$RANDOM$RANDOM" >"$directory/.erlang.cookie")
}

# Where AMQP is spoken.
address() { cat "$directory/address" 2>/dev/null || echo 127.0.0.1; }

# Whether nobody listens on these ports of an address.
free() {
    local at=$1 port
    shift
    for port in "$@"; do
        ! (exec 3<>"/dev/tcp/$at/$port") 2>/dev/null || return 1
    done
}

# Ports below those that the system gives to outgoing connections.
choose_port() {
    local port
    for _ in $(seq 50); do
        port=$((20000 + RANDOM % 4000 * 3))
        free "$(address)" $port && free 127.0.0.1 $((port + 1)) $((port + 2)) && echo $port && return
    done
    echo "no three free ports were found" >&2
    return 1
}

# What the broker and its tools read; the name's host is always this machine, and epmd is the broker's own.
environment() {
    local port interface='-kernel inet_dist_use_interface {127,0,0,1}'
    port=$(cat "$directory/port")
    export HOME=$directory
    export ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$((port + 1))
    export RABBITMQ_NODENAME=maskarad@localhost
    RABBITMQ_NODE_IP_ADDRESS=$(address)
    export RABBITMQ_NODE_IP_ADDRESS RABBITMQ_NODE_PORT=$port RABBITMQ_DIST_PORT=$((port + 2))
    export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$directory/rabbitmq.conf
    export RABBITMQ_ENABLED_PLUGINS_FILE=$directory/plugins
    export RABBITMQ_MNESIA_BASE=$directory/data RABBITMQ_LOG_BASE=$directory/log
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=$interface RABBITMQ_CTL_ERL_ARGS=$interface
}

# The broker itself: it works in its folder of data. Other processes may come and go while /proc is read.
pid() {
    local found
    for found in $(find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "$directory/data" 2>/dev/null | cut -d/ -f3 || true); do
        [ "$(cat "/proc/$found/comm" 2>/dev/null)" != beam.smp ] || echo "$found"
    done
}

launch() {
    [ -z "${MASKARAD_RABBITMQ_ADDRESS:-}" ] || echo "$MASKARAD_RABBITMQ_ADDRESS" >"$directory/address"
    [ -e "$directory/port" ] || choose_port >"$directory/port"
    [ -z "${MASKARAD_RABBITMQ_PORT:-}" ] || echo "$MASKARAD_RABBITMQ_PORT" >"$directory/port"
    configure
    (
        environment
        cd "$directory/data"
        exec setsid "$programs/rabbitmq-server" </dev/null >"$directory/log/console" 2>&1
    ) &
    local server=$!
    for _ in $(seq $((seconds * 10))); do
        free "$(address)" "$(cat "$directory/port")" || return 0
        kill -0 $server 2>/dev/null || break
        sleep 0.1
    done
    tail -n 20 "$directory/log/console" >&2
    echo "RabbitMQ didn't start; its log is in $directory/log" >&2
    return 1
}

url() { echo "amqp://maskarad:maskarad@$(address):$(cat "$directory/port")/maskarad"; }

start() {
    mkdir -p "$directory/data" "$directory/log"
    exec 9>"$directory/lock"
    flock 9
    # The broker must not inherit the lock, or nobody gets it while the broker runs.
    [ -n "$(pid)" ] || launch 9>&-
    url
}

# Sends the broker a signal, and waits until it is gone.
end() {
    local broker
    broker=$(pid)
    [ -n "$broker" ] || return 0
    kill "-$1" "$broker"
    for _ in $(seq $((seconds * 50))); do
        [ -d "/proc/$broker" ] || return 0
        sleep 0.02
    done
    echo "RabbitMQ, process $broker, didn't end" >&2
    return 1
}

[ -x "$programs/rabbitmq-server" ] || install
mkdir -p "$directory"
directory=$(cd "$directory" && pwd -P)
case "${1:-}" in
    start) start ;;
    stop)
        end TERM
        [ ! -e "$directory/port" ] || (environment && epmd -kill >/dev/null 2>&1) || true
        ;;
    kill) end KILL ;;
    pid) pid ;;
    url) url ;;
    ctl) shift && environment && exec "$programs/rabbitmqctl" "$@" ;;
    *) echo "usage: $0 start|stop|kill|pid|url|ctl" >&2; exit 2 ;;
esac
