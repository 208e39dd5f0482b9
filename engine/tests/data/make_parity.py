"""Makes the small checkpoints in this folder, with what Hugging Face computes on them.

    python3 -m venv /tmp/hf && /tmp/hf/bin/pip install torch transformers
    /tmp/hf/bin/python engine/tests/data/make_parity.py

The weights are random; each checkpoint covers what the others don't. golden.json has the keys of ../shared/models/parity.
"""
import json
from pathlib import Path

import torch
from transformers import GPT2Config, GPT2LMHeadModel, LogitsProcessorList
from transformers.generation.logits_process import (
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

HERE = Path(__file__).parent
CASES = {
    "untied_f16_gelu": dict(activation_function="gelu", tie_word_embeddings=False, n_inner=96),
    "tied_odd_width": dict(n_embd=36, n_head=3, scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3),
    "pickle_relu": dict(activation_function="relu", scale_attn_weights=False),
}


def make(name, overrides):
    torch.manual_seed(sum(map(ord, name)))
    shape = dict(vocab_size=61, n_positions=64, n_embd=32, n_layer=2, n_head=4) | overrides
    config = GPT2Config(**shape, initializer_range=0.2, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    model = GPT2LMHeadModel(config).eval()
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    folder = HERE / name
    if "f16" in name:
        model.half().save_pretrained(folder)
        model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32).eval()
    elif "pickle" in name:
        folder.mkdir(exist_ok=True)
        state = {key: value.clone() for key, value in model.state_dict().items() if key != "lm_head.weight"}
        # One tensor is saved as a transposed view, and the masks of old versions are there.
        key = "transformer.h.0.mlp.c_fc.weight"
        state[key] = state[key].t().contiguous().t()
        mask = torch.tril(torch.ones(64, 64, dtype=torch.bool)).view(1, 1, 64, 64)
        for layer in range(2):
            state[f"transformer.h.{layer}.attn.bias"] = mask
            state[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
        torch.save(state, folder / "pytorch_model.bin")
        config.save_pretrained(folder)
    else:
        model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "golden.json").write_text(json.dumps(golden(model)))


@torch.no_grad()
def golden(model):
    ids = torch.randint(3, 61, (1, 17))
    logits = model(ids).logits[0]
    processors = LogitsProcessorList([
        RepetitionPenaltyLogitsProcessor(1.2), NoRepeatNGramLogitsProcessor(2),
        TemperatureLogitsWarper(0.8), TopKLogitsWarper(40), TopPLogitsWarper(0.9),
    ])
    probabilities = processors(ids, logits[-1:].clone()).softmax(-1)[0]

    def generate(**kwargs):
        out = model.generate(ids, do_sample=False, max_new_tokens=24, eos_token_id=None, pad_token_id=0, **kwargs)
        return out[0, ids.shape[1]:].tolist()

    return {
        "input_ids": ids[0].tolist(),
        "logits_first": rounded(logits[0]),
        "logits_last": rounded(logits[-1]),
        "greedy_24": generate(),
        "greedy_24_repetition_penalty_1.3_no_repeat_ngram_3": generate(repetition_penalty=1.3, no_repeat_ngram_size=3),
        "sampling_probabilities_last_rep1.2_ngram2_temp0.8_topk40_topp0.9": {
            str(index): round(value, 6) for index, value in enumerate(probabilities.tolist()) if value > 0
        },
    }


def rounded(values):
    return [round(value, 6) for value in values.tolist()]


for case, settings in CASES.items():
    make(case, settings)
