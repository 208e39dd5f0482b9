#!/usr/bin/env bash
# Brings `prometheus` and `promtool`, with which the tests try the dashboard and the alerts. Starts no service: the package's
# own is kept from running now, and at the next boot.
set -euo pipefail

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi
command -v apt-get >/dev/null || { echo "Prometheus was not found: install it and run this again" >&2; exit 1; }
echo "installing Prometheus…" >&2
as_root sh -ec '
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        trap "rm -f $policy" EXIT
        printf "#!/bin/sh\nexit 101\n" >"$policy"
        chmod +x "$policy"
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends prometheus
    rm -f /etc/systemd/system/multi-user.target.wants/prometheus.service' >&2
