#!/usr/bin/env bash
# Brings what a build needs beyond rustup: a C compiler and linker (SQLite and the tokenizer's regex engine are C).
set -euo pipefail

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

if ! command -v cargo >/dev/null; then
    echo "cargo was not found: install Rust from https://rustup.rs and run this again" >&2
    exit 1
fi
if ! command -v cc >/dev/null; then
    command -v apt-get >/dev/null || { echo "no C compiler: install gcc or clang and run this again" >&2; exit 1; }
    echo "installing a C compiler (build-essential)" >&2
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends build-essential
fi
