#!/usr/bin/env bash
# Fetches axe-core (MPL-2.0), which looks for what keeps people with disabilities out of the page, into target/tools. A tool of the
# tests: it is never shipped.
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.14.1
sha512=FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==
folder=target/tools/axe-core
if grep -qs "\"version\": \"$version\"" "$folder/package/package.json"; then exit 0; fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
if ! command -v npm >/dev/null; then
    command -v apt-get >/dev/null || { echo "npm was not found: install Node.js and run this again" >&2; exit 1; }
    echo "installing npm…" >&2
    as_root apt-get update -q >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends npm >&2
fi
mkdir -p "$folder"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "axe-core@$version" >/dev/null)
archive="$work/axe-core-$version.tgz"
found="$(python3 -c 'import base64, hashlib, sys; print(base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "$archive")"
[ "$found" = "$sha512" ] || { echo "axe-core $version isn't what it was: sha512-$found" >&2; exit 1; }
tar -xzf "$archive" -C "$folder" package/axe.min.js package/LICENSE package/package.json
