#!/usr/bin/env bash
# Brings what a build needs beyond rustup: a C compiler and linker (SQLite and the tokenizer's regex engine are C).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo >/dev/null; then
    echo "cargo was not found: install Rust from https://rustup.rs and run this again" >&2
    exit 1
fi
command -v cc >/dev/null || scripts/apt.sh "a C compiler" build-essential
