"""Makes torch's Linux wheel importable without CUDA: `no_gpu.py SITE_PACKAGES`.

The wheel on PyPI is linked against gigabytes of NVIDIA's libraries that no benchmark on a processor ever calls. Each of
them is replaced by a library of the same name whose every function only answers with an error; the small CUDA runtime
itself is real, and says that there is no device.
"""

import re
import subprocess
import sys
from pathlib import Path

# Real ones come from the wheels nvidia-cuda-runtime and nvidia-cuda-cupti; libcuda belongs to the driver.
REPLACED = re.compile(r"lib(cu(?!da\.|dart|pti)|nv|nccl)")
# Libraries without symbol versions: whose a symbol is shows in its name.
PREFIXES = {"libcufile.so": "cuFile", "libcusparseLt.so": "cusparseLt", "libnccl.so": "nccl"}


def readelf(option, library):
    """What readelf says about a library."""
    done = subprocess.run(["readelf", "-W", option, library], check=True, capture_output=True, text=True)
    return done.stdout


def missing(library):
    """(library, symbol, its kind, its version) for each symbol that `library` expects of one to be replaced."""
    versions = {}
    for owner, names in re.findall(r"File: (\S+).*?\n((?:.*Name: .*\n)+)", readelf("-V", library)):
        versions.update({version: owner for version in re.findall(r"Name: (\S+)", names)})
    owners = [owner for owner in re.findall(r"NEEDED.*\[(.*?)\]", readelf("-d", library)) if REPLACED.match(owner)]
    prefixes = {PREFIXES[name]: owner for owner in owners for name in PREFIXES if owner.startswith(name)}
    for owner in owners:
        yield owner, None, None, None
    symbols = readelf("--dyn-syms", library)
    for kind, symbol, version in re.findall(r" (\w+) +(?:GLOBAL|WEAK) +DEFAULT +UND (\w+)(?:@(\S+))?", symbols):
        owner = versions.get(version) or next((prefixes[p] for p in prefixes if symbol.startswith(p)), None)
        if owner in owners:
            yield owner, symbol, kind, version


def build(path, symbols, version):
    """Compiles a library that has these symbols, under this version where they have one."""
    source = ["int nothing_here(void) { return 1; }"]
    for symbol, kind in sorted(symbols.items()):
        source.append(f"char {symbol}[256];" if kind == "OBJECT" else f"int {symbol}(void) {{ return 1; }}")
    command = ["cc", "-w", "-shared", "-fPIC", f"-Wl,-soname,{path.name}", "-x", "c", "-", "-o", path]
    if version:
        script = path.with_suffix(".map")
        script.write_text(f"{version} {{ global: *; }};\n", encoding="ascii")
        command.append(f"-Wl,--version-script={script}")
    subprocess.run(command, input="\n".join(source), text=True, check=True)


def main():
    folder = Path(sys.argv[1]) / "torch" / "lib"
    symbols, versions = {}, {}
    for library in sorted([*folder.glob("libtorch*.so"), *folder.glob("libc10*.so"), *folder.glob("libcaffe*.so")]):
        for owner, symbol, kind, version in missing(library):
            found = symbols.setdefault(owner, {})
            if symbol:
                found[symbol] = kind
                versions[owner] = version or versions.get(owner, "")
    for owner, found in symbols.items():
        build(folder / owner, found, versions.get(owner))


if __name__ == "__main__":
    main()
