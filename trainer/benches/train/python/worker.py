"""PyTorch as a contender of `make bench-train`: `worker.py KIND CHECKPOINT THREADS`, JSON lines in, JSON lines out.

KIND is full, bf16 (full, with autocast) or lora. AdamW is fused, as transformers' Trainer has it; no dropout.
"""

import contextlib
import json
import sys
import time

import torch
import transformers

from parts import adapted, optimizer_of, step


def peak_memory():
    """The most memory this process ever held, in MiB."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main():
    kind, folder, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    no_dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    model = transformers.GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32, **no_dropout)
    model = (adapted(model) if kind == "lora" else model).train()
    optimizer = optimizer_of(model, 5e-5)
    numbers = contextlib.nullcontext
    if kind == "bf16":
        numbers = lambda: torch.autocast("cpu", dtype=torch.bfloat16)
    capability = torch.backends.cpu.get_cpu_capability()
    about = f"torch {torch.__version__}, transformers {transformers.__version__}, {capability}, SDPA, fused AdamW"
    print(json.dumps({"about": about}), flush=True)
    for line in sys.stdin:
        ids = torch.tensor(json.loads(line)["ids"])
        begin = time.perf_counter()
        loss = step(model, optimizer, ids, numbers)
        seconds = time.perf_counter() - begin
        print(json.dumps({"seconds": seconds, "loss": loss, "peak_memory": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
