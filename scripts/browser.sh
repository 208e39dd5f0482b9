#!/usr/bin/env bash
# Brings Chromium, its driver and axe-core, with which the tests try the page.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    scripts/apt.sh "Chromium with its driver" chromium chromium-driver
fi
scripts/axe.sh
