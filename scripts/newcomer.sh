#!/usr/bin/env bash
# A newcomer's path, as README's «Going live in five minutes» has it without the package, with the emulator as Telegram: a token,
# doctor, serve, a call in the group, insanity mode, a clean stop. `newcomer.sh [FOLDER]` takes the programs from a folder, target/debug by default.
set -euo pipefail
cd "$(dirname "$0")/.."

programs="$(realpath "${1:-target/debug}")"
work="$(mktemp -d)"
cleanup() {
    exec 3>&- || true
    kill "${daemon:-}" "${telegram:-}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*" >&2; tail -20 "$work"/*.log >&2; exit 1; }

mkfifo "$work/people"
"$programs/maskarad-testbed" --port 0 --see-all <"$work/people" >"$work/telegram.log" 2>&1 &
telegram=$!
exec 3>"$work/people"
until grep -q ':help' "$work/telegram.log"; do sleep 0.1; done

# A bot, and its token where the manifest looks for it.
AVTOBUS_TOKEN="$(grep -m1 '@avtobus_bot' "$work/telegram.log" | grep -oE '[0-9]+:[A-Za-z0-9_-]{30,}')"
MASKARAD_TELEGRAM_API_URL="$(grep -m1 -oE 'http://127[0-9.:]+' "$work/telegram.log")"
export AVTOBUS_TOKEN MASKARAD_TELEGRAM_API_URL
export MASKARAD_STORE_PATH="$work/state.db" MASKARAD_CACHE="$work/cache"
"$programs/maskarad" check --online
"$programs/maskarad" doctor || fail "doctor finds an error"

# Serve.
"$programs/maskarad" serve 2>"$work/maskarad.log" &
daemon=$!
answers() { grep -c '^@avtobus_bot' "$work/telegram.log" || true; }
# Writes, and waits for one more message of the bot.
call() {
    local before; before="$(answers)"
    echo "$1" >&3
    for _ in $(seq 300); do
        [ "$(answers)" -gt "$before" ] && return
        sleep 0.1
    done
    fail "nobody answers: $1"
}
call "Автобус, ты где?"
echo ":admin" >&3
call "/insanity@avtobus_bot on"
call "а теперь он отвечает на всё"
kill -TERM "$daemon"
wait "$daemon" || fail "it did not stop cleanly"
daemon=
grep '^@avtobus_bot' "$work/telegram.log"
echo "a newcomer's bot talks"
