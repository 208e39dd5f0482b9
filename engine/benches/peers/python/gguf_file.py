"""Writes a GPT-2 as a GGUF file for llama.cpp, without a vocabulary: the benchmark speaks in token ids."""

from pathlib import Path

import gguf
import numpy
from gguf.quants import quantize
from safetensors.numpy import load_file

KINDS = {
    "f32": gguf.GGMLQuantizationType.F32,
    "BF16": gguf.GGMLQuantizationType.BF16,
    "Q8_0": gguf.GGMLQuantizationType.Q8_0,
}
LINEAR = {"attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
NORM = {"ln_1": "attn_norm", "ln_2": "ffn_norm"}


def tensors(weights, layers):
    """Each tensor under llama.cpp's name; matrices lie as (outputs, inputs)."""
    yield "token_embd.weight", weights["wte.weight"]
    yield "position_embd.weight", weights["wpe.weight"]
    yield "output_norm.weight", weights["ln_f.weight"]
    yield "output_norm.bias", weights["ln_f.bias"]
    for layer in range(layers):
        for theirs, name in LINEAR.items():
            yield f"blk.{layer}.{name}.weight", weights[f"h.{layer}.{theirs}.weight"].T
            yield f"blk.{layer}.{name}.bias", weights[f"h.{layer}.{theirs}.bias"]
        for theirs, name in NORM.items():
            for part in ("weight", "bias"):
                yield f"blk.{layer}.{name}.{part}", weights[f"h.{layer}.{theirs}.{part}"]


def write(checkpoint, config, path, precision):
    """Writes one file in one precision; vectors and positions stay f32, as llama.cpp's own converter leaves them."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("no_vocab")
    weights = load_file(f"{checkpoint}/model.safetensors")
    weights = {name.removeprefix("transformer."): array.astype(numpy.float32) for name, array in weights.items()}
    for name, array in tensors(weights, config["n_layer"]):
        plain = array.ndim == 1 or name.startswith("position_embd")
        kind = gguf.GGMLQuantizationType.F32 if plain else KINDS[precision]
        writer.add_tensor(name, quantize(numpy.ascontiguousarray(array), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
