#!/usr/bin/env bash
# Fetches axe-core (MPL-2.0), which looks for what keeps people with disabilities out of the page, into target/tools. A tool of the
# tests: it is never shipped.
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.14.1
sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
folder=target/tools/axe-core
if grep -qs "\"version\": \"$version\"" "$folder/package/package.json"; then exit 0; fi

command -v npm >/dev/null || scripts/apt.sh npm npm
mkdir -p "$folder"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "axe-core@$version" >/dev/null)
archive="$work/axe-core-$version.tgz"
echo "$sha512  $archive" | sha512sum --check --quiet || { echo "axe-core $version isn't what it was" >&2; exit 1; }
tar -xzf "$archive" -C "$folder" package/axe.min.js package/LICENSE package/package.json
