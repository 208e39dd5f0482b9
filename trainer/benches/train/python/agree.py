"""`agree.py FOLDER`: loads what our trainer left in FOLDER, and trains for it to load. Prints how far the logits are."""

import json
import sys
from pathlib import Path

import peft
import torch
import transformers

from parts import adapted, optimizer_of, step


def load(folder):
    """A checkpoint without dropout; every tensor must have been there."""
    model, told = transformers.GPT2LMHeadModel.from_pretrained(
        folder, dtype=torch.float32, output_loading_info=True, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0
    )
    left = {name: list(told[name]) for name in ("missing_keys", "unexpected_keys") if told[name]}
    left.get("missing_keys", []).count("lm_head.weight") and left.pop("missing_keys")
    if left:
        raise SystemExit(f"{folder}: {left}")
    return model.eval()


def logits(model, prompt):
    with torch.no_grad():
        return model.eval()(torch.tensor([prompt])).logits.flatten()


def main():
    folder = Path(sys.argv[1])
    ours = json.loads((folder / "ours.json").read_text(encoding="utf-8"))
    prompt, told = ours["prompt"], {}
    found = {
        "full": load(folder / "ours-full"),
        "lora": peft.PeftModel.from_pretrained(load(folder / "base"), folder / "ours-lora"),
    }
    for kind, model in found.items():
        told[kind] = (logits(model, prompt) - torch.tensor(ours[kind])).abs().max().item()
    torch.manual_seed(1)
    for kind, model in {"full": load(folder / "base"), "lora": adapted(load(folder / "base"))}.items():
        optimizer = optimizer_of(model.train(), 1e-2)
        for batch in ours["batches"]:
            step(model, optimizer, torch.tensor(batch))
        told[f"{kind}_logits"] = logits(model, prompt).tolist()
        model.save_pretrained(folder / f"theirs-{kind}")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
