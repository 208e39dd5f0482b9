#!/usr/bin/env bash
# Makes the virtual environment with the peers of `make bench` in target/bench/venv, and leaves it alone once it is whole.
# Takes about 1 GB of downloads and, for llama.cpp, some minutes of compiling for this very processor.
set -euo pipefail
cd "$(dirname "$0")/.."

LLAMA=0.3.36
scripts=engine/benches/peers/python
venv=target/bench/venv
wanted="$(cat "$scripts/requirements.txt" "$scripts/no_gpu.py" "$0" | sha256sum)"

if [ -f "$venv/whole" ] && [ "$(cat "$venv/whole")" = "$wanted" ]; then
    exit 0
fi
for tool in python3 cc c++ readelf; do
    command -v "$tool" >/dev/null || { echo "$tool was not found: install python3, build-essential and binutils" >&2; exit 1; }
done
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "the peers need Python 3.11 or newer" >&2; exit 1; }
echo "making $venv: the peers of the benchmark" >&2
rm -rf "$venv"
mkdir -p target/bench
python3 -m venv "$venv" || { echo "python3 can't make a virtual environment: install python3-venv" >&2; exit 1; }
pip=("$venv/bin/pip" --disable-pip-version-check install --quiet --no-deps)
"${pip[@]}" --requirement "$scripts/requirements.txt"
"$venv/bin/python" "$scripts/no_gpu.py" "$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
# gcc 12 and older think that the AMX intrinsic which loads a tile's shape reads 8 of its 64 bytes, and drop the stores of
# the others: llama.cpp then dies in its first product. Without that optimisation it gets to use AMX.
CMAKE_ARGS="-DLLAVA_BUILD=OFF -DCMAKE_CXX_FLAGS='-fno-tree-dse -fno-dse'" \
    "${pip[@]}" --no-cache-dir --no-binary llama-cpp-python "llama-cpp-python==$LLAMA"
echo "$wanted" > "$venv/whole"
