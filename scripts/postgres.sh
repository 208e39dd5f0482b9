#!/usr/bin/env bash
# A private, throw-away PostgreSQL for tests: scripts/postgres.sh start|stop|kill|url [DIR]
#
# `start` prints the URL of a superuser connection on a random loopback port, without a password; a cluster that runs
# already is used again. The data lies outside the repository, because PostgreSQL refuses to run as root and whom we
# run it as instead may not be able to enter the repository. Durability is off: nothing here outlives a test.
set -euo pipefail
# A plain `su` leaves these out, and runuser is there.
export PATH=$PATH:/usr/sbin:/sbin

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
directory=${2:-${TMPDIR:-/tmp}/maskarad-postgres-$(id -u)-$(cksum <<<"$repository" | cut -d' ' -f1)}
data=$directory/data

# The folder of initdb and pg_ctl; PATH comes last, for Debian puts wrappers there.
binaries() {
    local found
    for found in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) $(dirname "$(command -v initdb || true)"); do
        [ -x "$found/initdb" ] && [ -x "$found/pg_ctl" ] && echo "$found" && return
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
    command -v apt-get >/dev/null || { echo "PostgreSQL was not found: install it and run this again" >&2; exit 1; }
    echo "installing PostgreSQL…" >&2
    # Debian's package must not bring up a cluster of its own.
    as_root sh -ec '
        mkdir -p /etc/postgresql-common
        [ -e /etc/postgresql-common/createcluster.conf ] ||
            echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        apt-get update -q
        DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql' >&2
}

# Runs a program of PostgreSQL as somebody who is not root.
unprivileged() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u "$(owner)" -- "$@")
    else
        "$@"
    fi
}

owner() { id -u postgres >/dev/null 2>&1 && echo postgres || echo nobody; }

running() { [ -e "$data/postmaster.pid" ] && unprivileged "$bin/pg_ctl" -D "$data" status >/dev/null 2>&1; }

# Everything that runs on this cluster: its processes work in its folder.
processes() {
    find /proc -mindepth 2 -maxdepth 2 -name cwd -lname "$data" 2>/dev/null | cut -d/ -f3 || true
}

create() {
    mkdir -p "$data"
    chmod 711 "$directory"
    if [ "$(id -u)" = 0 ]; then chown "$(owner)" "$directory" "$data"; fi
    unprivileged "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C --no-sync >/dev/null
    cat >>"$data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
CONF
}

# The port is chosen once for each cluster, so that a restart keeps its URL; a taken one is replaced.
launch() {
    for _ in 1 2 3 4 5 6 7 8; do
        [ -e "$directory/port" ] || echo $((20000 + RANDOM % 20000)) >"$directory/port"
        unprivileged "$bin/pg_ctl" -D "$data" -l "$data/log" -o "-p $(cat "$directory/port")" -w start >/dev/null 2>&1 && return
        rm -f "$directory/port"
    done
    tail -n 20 "$data/log" >&2
    return 1
}

url() { echo "postgres://postgres@127.0.0.1:$(cat "$directory/port")/postgres"; }

start() {
    mkdir -p "$directory"
    exec 9>"$directory.lock"
    flock 9
    [ -e "$data/PG_VERSION" ] || create
    # The server must not inherit the lock, or nobody gets it while the server runs.
    running || launch 9>&-
    url
}

bin=$(binaries) || { install; bin=$(binaries); }
case "${1:-}" in
    start) start ;;
    stop) ! running || unprivileged "$bin/pg_ctl" -D "$data" -m fast -w stop >/dev/null ;;
    kill)
        # The server first, so that it can't tidy up after the others. They go on with their last statements, and keep it
        # from starting again.
        postmaster=$(head -n 1 "$data/postmaster.pid")
        unprivileged kill -KILL "$postmaster"
        for _ in $(seq 200); do
            left=$(processes)
            [ -n "$left" ] || [ -d "/proc/$postmaster" ] || break
            [ -z "$left" ] || unprivileged kill -KILL $left 2>/dev/null || true
            sleep 0.02
        done
        ;;
    url) url ;;
    *) echo "usage: $0 start|stop|kill|url [DIR]" >&2; exit 2 ;;
esac
