#!/usr/bin/env bash
# Installs Debian's packages, as root: apt.sh WHAT PACKAGE…, where WHAT is what people call it.
set -euo pipefail

what="$1"
shift
command -v apt-get >/dev/null || { echo "$what was not found: install it and run this again" >&2; exit 1; }
echo "installing $what ($*)…" >&2
if [ "$(id -u)" = 0 ]; then root=(); else root=(sudo); fi
"${root[@]}" apt-get update -q >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >&2
