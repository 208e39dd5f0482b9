#!/usr/bin/env bash
# Brings Chromium, its driver and axe-core, with which the tests try the page.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    command -v apt-get >/dev/null || { echo "Chromium or chromedriver was not found: install them and run this again" >&2; exit 1; }
    echo "installing Chromium and its driver…" >&2
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium chromium-driver >&2
fi
scripts/axe.sh
