#!/usr/bin/env bash
# `venv.sh VENV REQUIREMENTS [SCRIPT]`: a virtual environment with a benchmark's peers, torch without CUDA among them.
# SCRIPT, where there is one, installs what pip alone can't; it gets VENV. A venv that is whole is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

venv="$1" requirements="$2" script="${3:-}"
no_gpu=engine/benches/peers/python/no_gpu.py
wanted="$(cat "$requirements" "$no_gpu" ${script:+"$script"} "$0" | sha256sum)"

if [ -f "$venv/whole" ] && [ "$(cat "$venv/whole")" = "$wanted" ]; then
    exit 0
fi
for tool in python3 cc readelf; do
    command -v "$tool" >/dev/null || { echo "$tool was not found: install python3, build-essential and binutils" >&2; exit 1; }
done
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "the peers need Python 3.11 or newer" >&2; exit 1; }
echo "making $venv: the peers of the benchmark" >&2
rm -rf "$venv"
mkdir -p "$(dirname "$venv")"
python3 -m venv "$venv" || { echo "python3 can't make a virtual environment: install python3-venv" >&2; exit 1; }
"$venv/bin/pip" --disable-pip-version-check install --quiet --no-deps --requirement "$requirements"
"$venv/bin/python" "$no_gpu" "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
if [ -n "$script" ]; then
    "$script" "$venv"
fi
echo "$wanted" > "$venv/whole"
