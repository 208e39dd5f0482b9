"""What worker.py and agree.py have in common: the adapter, the optimizer, a step."""

import contextlib

import torch


def adapted(model):
    """The model frozen, with an adapter as the benchmark wants it."""
    import peft

    config = peft.LoraConfig(
        r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["c_attn"], fan_in_fan_out=True, task_type="CAUSAL_LM"
    )
    return peft.get_peft_model(model, config)


def optimizer_of(model, rate):
    """AdamW on whatever learns; biases and layer norms don't decay."""
    learning = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    decaying = [value for name, value in learning if value.ndim > 1]
    others = [value for name, value in learning if value.ndim <= 1]
    groups = [{"params": decaying, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=rate, fused=True)


def step(model, optimizer, ids, numbers=contextlib.nullcontext):
    """Learns rows of ids; the loss before that."""
    with numbers():
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()
