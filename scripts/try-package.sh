#!/usr/bin/env bash
# Tries the Debian package as an operator would, on a clean Debian that systemd boots in a container (systemd-nspawn), with the
# emulator as Telegram: install, go live, kill -9, reload with a third persona, watchdog, upgrade, purge. Needs root.
# `try-package.sh` after `make deb`; keeps the clean Debian in target/roots for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."

deb="$(ls -t target/debian/maskarad_*.deb | head -1)"
roots=target/roots
port=18081
personas=(avtobus polkson third)

[ "$(id -u)" = 0 ] || { echo "run this as root: it boots a container" >&2; exit 1; }
for tool in systemd-nspawn debootstrap nsenter; do
    command -v "$tool" >/dev/null || { echo "$tool was not found: apt-get install systemd-container debootstrap" >&2; exit 1; }
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

say() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; inside journalctl -u maskarad --no-pager -n 40 >&2 || true; exit 1; }

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
trap 'exec 3>&-; kill "$telegram" "$nspawn" 2>/dev/null || true; wait 2>/dev/null || true' EXIT

until init="$(pgrep -P "$nspawn" | head -1)" && [ -n "$init" ]; do sleep 0.2; done
inside() { nsenter --target "$init" --all -- env PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
until inside systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.5; done
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

say "install"
inside apt-get install -qq -y /maskarad.deb >"$roots/install.log" 2>&1 || fail "the package does not install: $(tail -3 "$roots/install.log")"
[ "$(state ActiveState)" = inactive ] || fail "without a token there is nothing to run"
inside maskarad --version

say "one token, and the service answers"
mkdir -p "$roots/try/etc/systemd/system/maskarad.service.d"
printf '[Service]\nEnvironment=MASKARAD_TELEGRAM_API_URL=http://127.0.0.1:%s\nWatchdogSec=4\n' "$port" \
    >"$roots/try/etc/systemd/system/maskarad.service.d/emulator.conf"
for name in avtobus polkson; do
    (umask 077; token "$name" >"$roots/try/etc/maskarad/credentials/$name-token")
done
inside systemctl daemon-reload
inside systemctl start maskarad || fail "it does not start"
talk avtobus "привет"
inside systemctl show maskarad --property=StatusText
inside journalctl --sync
inside journalctl -u maskarad MASKARAD_MESSAGE=delivered --no-pager -o cat | grep -m1 "request=avtobus-" || fail "the journal has no fields of ours"
inside systemd-analyze security maskarad --no-pager | tail -1

say "kill -9"
first="$(state MainPID)"
inside kill -9 "$first"
sleep 3
until_active
[ "$(state MainPID)" != "$first" ] || fail "it was not restarted"
talk avtobus "ты жив?"

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
inside kill -STOP "$(state MainPID)"
for _ in $(seq 300); do
    [ "$(state MainPID)" = "$pid" ] || break
    sleep 0.1
done
[ "$(state MainPID)" != "$pid" ] || fail "it still stands"
until_active
inside journalctl -u maskarad --no-pager | grep -m1 -i 'watchdog timeout'
talk polkson "и снова привет"

say "an upgrade keeps the state"
stamp="$(inside stat -c %W /var/lib/maskarad/maskarad.db)"
inside apt-get install -qq -y --reinstall /maskarad.deb >>"$roots/install.log" 2>&1 || fail "the upgrade failed"
until_active
[ "$(inside stat -c %W /var/lib/maskarad/maskarad.db)" = "$stamp" ] || fail "the state was lost"
[ -e "$roots/try/etc/maskarad/credentials/avtobus-token" ] || fail "a token was lost"
talk avtobus "после обновления"

say "a purge leaves nothing"
inside systemctl stop maskarad
inside apt-get purge -qq -y maskarad >>"$roots/install.log" 2>&1 || fail "the purge failed"
for path in /etc/maskarad /var/lib/maskarad /var/cache/maskarad /usr/bin/maskarad; do
    [ ! -e "$roots/try$path" ] || fail "$path is left"
done
! inside getent passwd maskarad || fail "the user is left"
say "all of it works"
