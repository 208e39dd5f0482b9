#!/usr/bin/env bash
# Starts the daemon with the personas of personas/, without any token, and says where its page is. `run.sh [FOLDER]` takes the program
# from a folder, target/release by default. State is kept in target/run; nothing is open to the network.
set -euo pipefail
cd "$(dirname "$0")/.."

program="$(realpath "${1:-target/release}")/maskarad"
state="$PWD/target/run"
mkdir -p "$state"

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port="${PORT:-8077}"
while ! is_free "$port"; do
    port=$((port + 1))
done

export MASKARAD_HTTP_API_LISTEN="127.0.0.1:$port"
export MASKARAD_STORE_PATH="${MASKARAD_STORE_PATH:-$state/maskarad.db}" MASKARAD_CACHE="${MASKARAD_CACHE:-$state/cache}"
# A token that happens to be around would go live.
for variable in $(grep -hoE 'env: *[A-Z0-9_]+' personas/*.yaml | sed 's/env: *//'); do
    unset "$variable"
done

"$program" serve 2>"$state/maskarad.log" &
daemon=$!
stop() { kill -TERM "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }
trap 'stop; exit 0' INT TERM
while is_free "$port"; do
    kill -0 "$daemon" 2>/dev/null || { tail -20 "$state/maskarad.log" >&2; exit 1; }
    sleep 0.1
done
link="$("$program" console-link)"

cat <<TEXT

The personas are up. Open their page on this machine:

  $link

(this link logs you in, once; http://127.0.0.1:$port/ lets you talk without it). Ctrl-C stops them; what was said is kept in
target/run, the log is target/run/maskarad.log. In the terminal instead: target/release/maskarad chat avtobus
TEXT
scripts/go-live.sh
wait "$daemon"
