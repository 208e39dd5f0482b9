#!/usr/bin/env bash
# Tries the Debian package as an operator would, on a clean Debian that systemd boots in a container (systemd-nspawn), with the
# emulator as Telegram: install, go live, kill -9, reload with a third persona, watchdog, upgrade, PostgreSQL, purge. Needs root.
# `try-package.sh` after `make deb`; keeps the clean Debian in target/roots for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

deb="$(ls -t target/debian/maskarad_*.deb | head -1)"
roots=target/roots
port=18081
listen=127.0.0.1:18082
personas=(avtobus polkson third)

[ "$(id -u)" = 0 ] || { echo "run this as root: it boots a container" >&2; exit 1; }
for tool in systemd-nspawn debootstrap nsenter python3; do
    command -v "$tool" >/dev/null || { echo "$tool was not found: apt-get install systemd-container debootstrap python3" >&2; exit 1; }
done
mkdir -p "$roots"
if [ ! -e "$roots/clean/whole" ]; then
    rm -rf "$roots/clean"
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,adduser,ca-certificates,procps \
        bookworm "$roots/clean" http://deb.debian.org/debian >"$roots/debootstrap.log"
    touch "$roots/clean/whole"
fi
rm -rf "$roots/try"
cp -a "$roots/clean" "$roots/try"
cp "$deb" "$roots/try/maskarad.deb"
# The same, as a later release.
rm -rf "$roots/next"
dpkg-deb --raw-extract "$deb" "$roots/next"
sed -i 's/^Version: .*/&+next/' "$roots/next/DEBIAN/control"
dpkg-deb --root-owner-group -Znone --build "$roots/next" "$roots/try/next.deb" >/dev/null

say() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; inside journalctl -u maskarad --no-pager -n 40 >&2 || true; exit 1; }

# What the service has logged, in a file: whoever finds what they look for would leave journalctl with a broken pipe.
journal() { inside journalctl -u maskarad --no-pager "$@" >"$roots/journal"; }

# What people write goes through a pipe to the emulator, what bots answer is in its log.
rm -f "$roots/people"
mkfifo "$roots/people"
cargo build --quiet --locked --workspace --bin maskarad-testbed
bots=()
for name in "${personas[@]}"; do bots+=(--bot "${name}_bot"); done
target/debug/maskarad-testbed --port "$port" --see-all "${bots[@]}" <"$roots/people" >"$roots/telegram.log" 2>&1 &
telegram=$!
exec 3>"$roots/people"
systemd-nspawn --quiet --directory="$roots/try" --boot --register=no --keep-unit --console=pipe </dev/null >"$roots/boot.log" 2>&1 &
nspawn=$!
trap 'exec 3>&-; kill "$telegram" "$nspawn" ${tracer:+"$tracer"} 2>/dev/null || true; wait 2>/dev/null || true' EXIT

# Its first child may be one that only makes the container.
booting() { kill -0 "$nspawn" 2>/dev/null || { cat "$roots/boot.log" >&2; exit 1; }; }
until init="$(pgrep -P "$nspawn" --exact systemd)"; do booting; sleep 0.2; done
inside() { nsenter --target "$init" --all -- env PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
# It ends with an error where it says «degraded».
until [[ "$(inside systemctl is-system-running 2>/dev/null || true)" =~ ^(running|degraded)$ ]]; do booting; sleep 0.5; done
token() { grep -m1 -oE "$1_bot .*" "$roots/telegram.log" | grep -oE '[0-9]+:[A-Za-z0-9_-]{30,}'; }
answers() { grep -c "^@${1}_bot (private)" "$roots/telegram.log" || true; }
# Writes to a persona in private and waits for its answer.
talk() {
    local before; before="$(answers "$1")"
    echo ":to ${1}_bot $2" >&3
    for _ in $(seq 300); do
        [ "$(answers "$1")" -gt "$before" ] && return
        sleep 0.1
    done
    fail "$1 did not answer"
}
state() { inside systemctl show maskarad --property="$1" --value; }
until_active() {
    for _ in $(seq 600); do
        [ "$(state ActiveState)" = active ] && return
        sleep 0.1
    done
    fail "the service never became active"
}
# Waits, as many seconds at the most, until another process serves than this one, and is ready.
until_restarted() {
    for _ in $(seq $(($2 * 10))); do
        [ "$(state MainPID)" = "$1" ] || break
        sleep 0.1
    done
    [ "$(state MainPID)" != "$1" ] || fail "it was not restarted within $2 s"
    until_active
}

say "an install that can't make the folder for tokens says so, and is mended"
mkdir -p "$roots/try/etc/maskarad"
touch "$roots/try/etc/maskarad/credentials"
! inside apt-get install -qq -y /maskarad.deb >"$roots/install.log" 2>&1 || fail "it hides that there is no folder for tokens"
grep -m1 'could not be made' "$roots/install.log"
rm "$roots/try/etc/maskarad/credentials"

say "install"
inside dpkg --configure maskarad >>"$roots/install.log" 2>&1 || fail "the package does not install: $(tail -3 "$roots/install.log")"
[ "$(state ActiveState)" = inactive ] || fail "without a token there is nothing to run"
inside maskarad --version
echo "the service is $(inside systemctl is-enabled maskarad), and $(state ActiveState) without a token"
inside stat -c '%A %U:%G %n' /etc/maskarad/credentials /etc/maskarad/tokens /etc/maskarad/worker-credentials
[ "$(inside systemctl is-enabled maskarad-worker 2>/dev/null || true)" = disabled ] || fail "the worker's unit is enabled, or not there"

say "one token, and doctor finds nothing to mend"
mkdir -p "$roots/try/etc/systemd/system/maskarad.service.d"
printf '[Service]\nEnvironment=MASKARAD_TELEGRAM_API_URL=http://127.0.0.1:%s MASKARAD_HTTP_LISTEN=%s\nWatchdogSec=4\n' "$port" "$listen" \
    >"$roots/try/etc/systemd/system/maskarad.service.d/emulator.conf"
for name in avtobus polkson; do
    token "$name" | inside install -m 600 /dev/stdin "/etc/maskarad/credentials/$name-token"
done
inside systemctl daemon-reload
inside maskarad-as-daemon doctor || fail "doctor finds something"

say "the service answers"
inside systemctl start maskarad || fail "it does not start"
talk avtobus "привет"
talk polkson "привет"
inside systemctl show maskarad --property=StatusText
inside journalctl --sync
journal MASKARAD_MESSAGE=delivered -o cat
grep -m1 "request=avtobus-" "$roots/journal" || fail "the journal has no fields of ours"
inside systemd-analyze security maskarad --no-pager | tail -1
inside maskarad-as-daemon status || fail "no status"
inside maskarad-as-daemon check || fail "check finds something"
inside maskarad-as-daemon backup /var/lib/maskarad/backup.db || fail "no backup"
inside stat -c '%A %U:%G %n' /var/lib/maskarad /var/lib/maskarad/backup.db
inside journalctl -u maskarad --no-pager | tail -6
journal
grep -q 'loaded a checkpoint' "$roots/journal" || fail "the journal holds nothing"

say "kill -9"
first="$(state MainPID)"
inside kill -9 "$first"
until_restarted "$first" 30
talk avtobus "ты жив?"
echo "another process answers after $(state NRestarts) restart"

say "a reload brings a third persona while the first two talk"
sed -e 's/^name: .*/name: third/' -e 's|^token: .*|token: { file: /etc/maskarad/tokens/third }|' \
    "$roots/try/etc/maskarad/personas/polkson.yaml" >"$roots/try/etc/maskarad/personas/third.yaml"
token third >"$roots/try/etc/maskarad/tokens/third"
inside chgrp maskarad /etc/maskarad/tokens/third
inside chmod 640 /etc/maskarad/tokens/third
asked=0
before=$(( $(answers avtobus) + $(answers polkson) ))
pid="$(state MainPID)"
for round in $(seq 20); do
    [ "$round" != 8 ] || inside systemctl reload maskarad
    for name in avtobus polkson; do
        talk "$name" "раз $round"
        asked=$((asked + 1))
    done
done
talk third "а ты кто?"
answered=$(( $(answers avtobus) + $(answers polkson) - before ))
[ "$answered" = "$asked" ] || fail "$asked messages, $answered answers"
[ "$(state MainPID)" = "$pid" ] || fail "the reload restarted it"
echo "$asked messages to the first two, $answered answers, 0 lost; the third answers too"

say "the watchdog restarts a daemon that stands still"
inside kill -STOP "$pid"
until_restarted "$pid" 30
journal
grep -m1 -i 'watchdog timeout' "$roots/journal"
talk polkson "и снова привет"

say "the watchdog restarts a daemon whose engine hangs, all else being well"
pid="$(state MainPID)"
# The pipe never ends, so the thread hangs until its process dies.
rm -f "$roots/hold"
mkfifo "$roots/hold"
: >"$roots/hung"
scripts/stop-thread.py "$(pgrep --ns "$init" --nslist pid --exact maskarad)" engine <>"$roots/hold" >"$roots/hung" &
tracer=$!
until grep -q stopped "$roots/hung"; do
    kill -0 "$tracer" 2>/dev/null || fail "the engine's thread can't be stopped here"
    sleep 0.1
done
before="$(answers avtobus)"
echo ":to avtobus_bot ты меня слышишь?" >&3
hung=$SECONDS
sleep 10
[ "$(answers avtobus)" = "$before" ] || fail "who answered?"
[ "$(state MainPID)" = "$pid" ] || fail "it was restarted too early"
echo "10 s later: $(inside maskarad-as-daemon status | sed -n 1p)"
until_restarted "$pid" 60
echo "restarted after $((SECONDS - hung)) s"
journal
grep -m1 'makes no progress' "$roots/journal"
inside journalctl -u maskarad --no-pager | grep -i 'watchdog timeout' | tail -1
for _ in $(seq 300); do
    [ "$(answers avtobus)" -gt "$before" ] && break
    sleep 0.1
done
[ "$(answers avtobus)" = $((before + 1)) ] || fail "what was asked while it hung was answered $(($(answers avtobus) - before)) times"
echo "what was asked meanwhile is answered, once"

say "an upgrade keeps the state"
stamp="$(inside stat -c %W /var/lib/maskarad/maskarad.db)"
echo '# ours' >>"$roots/try/etc/maskarad/personas/polkson.yaml"
inside apt-get install -qq -y /next.deb >>"$roots/install.log" 2>&1 || fail "the upgrade failed"
until_active
inside dpkg-query --show maskarad
[ "$(inside stat -c %W /var/lib/maskarad/maskarad.db)" = "$stamp" ] || fail "the state was lost"
[ -e "$roots/try/etc/maskarad/credentials/avtobus-token" ] || fail "a token was lost"
grep -q '^# ours' "$roots/try/etc/maskarad/personas/polkson.yaml" || fail "a manifest was overwritten"
talk avtobus "после обновления"

say "PostgreSQL beside it, by the drop-in"
inside apt-get update -qq >>"$roots/install.log" 2>&1
inside apt-get install -qq -y --no-install-recommends postgresql >>"$roots/install.log" 2>&1 || fail "no PostgreSQL: $(tail -3 "$roots/install.log")"
as_postgres() { inside setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
as_postgres psql -q -d postgres -c "create role maskarad login password 'secret'" -c "create database maskarad owner maskarad"
inside install -D -m 644 /usr/share/doc/maskarad/examples/postgres.conf /etc/systemd/system/maskarad.service.d/postgres.conf
echo "postgres://maskarad:secret@localhost/maskarad" | inside install -m 600 /dev/stdin /etc/maskarad/credentials/database-url
inside systemctl daemon-reload
inside systemctl restart maskarad || fail "it does not start on PostgreSQL"
talk avtobus "а теперь база другая"
[[ " $(state After) " == *" postgresql.service "* ]] || fail "the drop-in is not in effect"
inside systemctl restart postgresql
talk polkson "база вернулась"
as_postgres psql -qAt -d maskarad -c "select count(*) || ' jobs, ' || count(*) filter (where outcome = 'answered') || ' answered' from jobs"
inside maskarad-as-daemon doctor | grep -E ' (database|unit) '

say "a purge leaves nothing"
inside systemctl stop maskarad
inside apt-get purge -qq -y maskarad >>"$roots/install.log" 2>&1 || fail "the purge failed"
for path in /etc/maskarad /var/lib/maskarad /var/cache/maskarad /usr/bin/maskarad /usr/lib/systemd/system/maskarad-worker.service; do
    [ ! -e "$roots/try$path" ] || fail "$path is left"
done
! inside getent passwd maskarad || fail "the user is left"
say "all of it works"
