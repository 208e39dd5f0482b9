"""Makes training/: twenty steps of torch's AdamW on a small model, and of PEFT's LoRA on another.

    scripts/venv.sh target/bench/train/venv trainer/benches/train/python/requirements.txt
    target/bench/train/venv/bin/python trainer/tests/data/make_training.py

The keys of golden.json are those of ../shared/models/training; the two models differ from it, and from each other, in shape,
activation and scale of attention.
"""
import json
from pathlib import Path

import peft
import torch
from transformers import GPT2Config, GPT2LMHeadModel, get_linear_schedule_with_warmup

HERE = Path(__file__).parent / "training"
STEPS, WARMUP = 20, 5
SHAPE = dict(vocab_size=67, n_positions=32, n_layer=2, bos_token_id=1, eos_token_id=2, pad_token_id=0)
NO_DROPOUT = dict(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
FULL = dict(n_embd=36, n_head=3, scale_attn_by_inverse_layer_idx=True, activation_function="gelu_new")
LORA = dict(n_embd=32, n_head=4, n_inner=48, activation_function="gelu")


def base(folder, shape, seed):
    """A random model, written and returned."""
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(GPT2Config(**SHAPE, **NO_DROPOUT, **shape, initializer_range=0.15))
    model.save_pretrained(folder)
    return model.train()


def batches():
    """Rows of sequences that go on by a rule, the first tokens of each without a label."""
    torch.manual_seed(3)
    for step in range(STEPS):
        rows, columns = 3, 10 + step % 4
        ids = (torch.randint(3, 60, (rows, 1)) + torch.arange(columns) * torch.randint(1, 4, (rows, 1))) % 67
        labels = ids.clone()
        for row in range(rows):
            labels[row, : (step + row) % 5] = -100
        yield ids, labels


def run(model, rate, weight_decay):
    """The losses, the norms, and the logits after the first row of the first batch."""
    learning = [value for value in model.parameters() if value.requires_grad]
    groups = [
        {"params": [value for value in learning if value.ndim > 1], "weight_decay": weight_decay},
        {"params": [value for value in learning if value.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW([group for group in groups if group["params"]], lr=rate)
    schedule = get_linear_schedule_with_warmup(optimizer, WARMUP, STEPS)
    losses, norms = [], []
    for ids, labels in batches():
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(learning, 1.0).item())
        losses.append(loss.item())
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
    with torch.no_grad():
        logits = model.eval()(next(batches())[0][:1]).logits[0, -1]
    return {
        "optimizer": {"name": "AdamW", "lr": rate, "weight_decay": weight_decay, "max_grad_norm": 1.0},
        "schedule": {"name": "linear with warmup", "warmup_steps": WARMUP, "total_steps": STEPS},
        "losses": losses,
        "gradient_norms_before_clipping": norms,
        "logits_after": logits.tolist(),
    }


def write(name, golden):
    (HERE / name / "golden.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


def main():
    golden = run(base(HERE / "full/start", FULL, 1), 1e-2, 0.05)
    data = {"batches": [ids.tolist() for ids, _ in batches()], "labels": [labels.tolist() for _, labels in batches()]}
    write("full", data | golden)

    model = base(HERE / "lora/base", LORA, 2)
    config = peft.LoraConfig(
        r=3, lora_alpha=5, lora_dropout=0.0, target_modules=["c_attn", "c_fc"], fan_in_fan_out=True, task_type="CAUSAL_LM"
    )
    model = peft.get_peft_model(model, config)
    model.save_pretrained(HERE / "lora/adapter_start")
    golden = run(model, 5e-2, 0.0)
    model.save_pretrained(HERE / "lora/adapter_trained")
    write("lora", {"batches_and_labels": "as in ../full/golden.json"} | golden)
    for readme in HERE.glob("lora/*/README.md"):
        readme.unlink()


if __name__ == "__main__":
    main()
