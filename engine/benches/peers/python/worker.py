"""One peer as a child process of the benchmark: JSON lines in, JSON lines out.

`worker.py ENGINE PRECISION FOLDER THREADS` loads the model, says how long that took, and then answers one request a line
until its input ends. Times are measured here, around the work alone.
"""

import ctypes
import json
import os
import sys
import time

import numpy


def peak_memory():
    """The most memory this process ever held, in MiB."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def peer_of(engine):
    """The class that drives an engine; imported here, so that no peer's library is loaded for another."""
    if engine == "torch":
        from torch_peer import TorchPeer as peer
    elif engine == "onnxruntime":
        from onnx_peer import OnnxPeer as peer
    elif engine == "ctranslate2":
        from ctranslate2_peer import CTranslate2Peer as peer
    elif engine == "llama.cpp":
        from llama_peer import LlamaPeer as peer
    else:
        raise SystemExit(f"no such engine: {engine}")
    return peer


def generate(peer, prompts, new):
    """Greedy continuations in lockstep: the times of the first token and of the rest, and the tokens."""
    if hasattr(peer, "generate"):
        return peer.generate(prompts, new)
    peer.reserve(len(prompts), len(prompts[0]) + new)
    begin = time.perf_counter()
    tokens = [peer.begin(prompts).argmax(-1)]
    first = time.perf_counter()
    for _ in range(new - 1):
        tokens.append(peer.step(tokens[-1]).argmax(-1))
    return first - begin, time.perf_counter() - first, numpy.array(tokens).T.tolist()


def prefill(peer, prompt):
    """Seconds from a prompt to the logits of what follows it."""
    if hasattr(peer, "generate"):
        return peer.generate([prompt], 1)[0]
    peer.reserve(1, len(prompt))
    begin = time.perf_counter()
    peer.begin([prompt])
    return time.perf_counter() - begin


def answer(peer, request):
    """Carries out one request."""
    if request["work"] == "generate":
        first, rest, tokens = generate(peer, request["prompts"], request["new"])
        assert all(len(row) == request["new"] for row in tokens), "a chat ended early"
        return {"first": first, "rest": rest, "tokens": tokens}
    if request["work"] == "prefill":
        return {"first": prefill(peer, request["prompts"][0]), "rest": 0.0, "tokens": []}
    raise ValueError(f"unknown work: {request['work']}")


def main():
    engine, precision, folder, threads = sys.argv[1:]
    # A stopped child would outlive a conductor that was killed: PR_SET_PDEATHSIG, SIGKILL.
    ctypes.CDLL(None).prctl(1, 9)
    # Whatever a library prints must not get between our lines.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    kind = peer_of(engine)
    begin = time.perf_counter()
    peer = kind(precision, folder, int(threads))
    loaded = {"load": time.perf_counter() - begin, "about": peer.about()}
    print(json.dumps(loaded), file=channel)
    for line in sys.stdin:
        result = answer(peer, json.loads(line))
        print(json.dumps({**result, "peak_memory": peak_memory()}), file=channel)


if __name__ == "__main__":
    main()
