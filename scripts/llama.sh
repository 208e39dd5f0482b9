#!/usr/bin/env bash
# `llama.sh VENV`: llama.cpp's Python package, compiled for this very processor; takes some minutes.
set -euo pipefail

LLAMA=0.3.36
command -v c++ >/dev/null || { echo "c++ was not found: install build-essential" >&2; exit 1; }
# gcc 12 and older think that the AMX intrinsic which loads a tile's shape reads 8 of its 64 bytes, and drop the stores of
# the others: llama.cpp then dies in its first product. Without that optimisation it gets to use AMX.
CMAKE_ARGS="-DLLAVA_BUILD=OFF -DCMAKE_CXX_FLAGS='-fno-tree-dse -fno-dse'" \
    "$1/bin/pip" --disable-pip-version-check install --quiet --no-deps \
    --no-cache-dir --no-binary llama-cpp-python "llama-cpp-python==$LLAMA"
