#!/usr/bin/env bash
# Fuzzes every target with libFuzzer, or those that are named: scripts/fuzz.sh [TARGET…]
#
# FUZZ_SECONDS is how long each one runs (600). Needs a nightly compiler (rustup toolchain install nightly) and a C++
# compiler. Inputs that were worth keeping stay in target/fuzz/work/TARGET/corpus, findings in target/fuzz/work/TARGET.
# The sanitizer of addresses is off: the engine's few unsafe blocks have tests of their own, and without it the same ten
# minutes try several times as many inputs.
set -euo pipefail
cd "$(dirname "$0")/.."

# Limits of one input: MiB of memory in use, MiB asked for at once, seconds.
memory=2048
at_once=512
seconds_each=20

fuzz=(cargo +nightly fuzz)
common=(--fuzz-dir fuzz/libfuzzer --target-dir target/fuzz --sanitizer none --codegen-units 16)
"${fuzz[@]}" build "${common[@]}" >&2
cargo build --quiet --locked --workspace --bin maskarad-fuzz
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(target/debug/maskarad-fuzz targets)

# Files are loaded from memory where the system has such a folder.
memory_folder=/dev/shm
[ -d "$memory_folder" ] || memory_folder=${TMPDIR:-/tmp}
TMPDIR=$(mktemp -d "$memory_folder/maskarad-fuzz-XXXXXX")
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

found=0
for target in "${targets[@]}"; do
    work=target/fuzz/work/$target
    target/debug/maskarad-fuzz seeds "$target" "$work"
    rm -f "$work/log"
    ran=0
    # A prompt is written and encoded many times over for each input.
    longest=16384
    [ "$target" != prompt ] || longest=1024
    "${fuzz[@]}" run "${common[@]}" "$target" "$work/corpus" -- \
        -max_total_time="${FUZZ_SECONDS:-600}" -timeout=$seconds_each -rss_limit_mb=$memory -malloc_limit_mb=$at_once \
        -max_len=$longest -dict="$work/words" -artifact_prefix="$work/" -print_final_stats=1 >"$work/log" 2>&1 || ran=$?
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
    peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$work/log")
    if [ "$ran" = 0 ]; then
        echo "$target: ${executed:-?} executions in ${FUZZ_SECONDS:-600} s, at most ${peak:-?} MiB, no finding"
    else
        found=1
        echo "$target: A FINDING; see $work/log, and run it again: target/debug/maskarad-fuzz replay $target FILE"
        tail -n 30 "$work/log"
    fi
done
exit $found
