"""PyTorch with transformers, what the old bots run: f32, bf16, and int8 by dynamic quantization.

The loop calls the model itself: `generate()` costs some percent more.
"""

import torch
import transformers
from torch import nn
from transformers.pytorch_utils import Conv1D


def with_linears(model):
    """Only `nn.Linear` can be quantized dynamically, and GPT-2's weights are transposed `Conv1D`s."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, Conv1D):
                inputs, outputs = child.weight.shape
                linear = nn.Linear(inputs, outputs)
                linear.weight.data = child.weight.data.t().contiguous()
                linear.bias.data = child.bias.data
                setattr(module, name, linear)
    model.lm_head.weight = nn.Parameter(model.lm_head.weight.data.clone())
    return model


class TorchPeer:
    """A GPT-2 of transformers, in eager mode."""

    def __init__(self, precision, folder, threads):
        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        torch.set_grad_enabled(False)
        kind = torch.bfloat16 if precision == "bf16" else torch.float32
        model = transformers.GPT2LMHeadModel.from_pretrained(f"{folder}/transformers", dtype=kind).eval()
        if precision.startswith("int8"):
            # Under `x86` torch takes FBGEMM or oneDNN; only the latter obeys ONEDNN_MAX_CPU_ISA.
            torch.backends.quantized.engine = "onednn" if precision == "int8-onednn" else "x86"
            model = torch.ao.quantization.quantize_dynamic(with_linears(model), {nn.Linear}, dtype=torch.qint8)
        self.model, self.cache = model, None

    def about(self):
        capability = torch.backends.cpu.get_cpu_capability()
        return f"torch {torch.__version__}, transformers {transformers.__version__}, {capability}, eager, SDPA"

    def reserve(self, chats, tokens):
        self.cache = None

    def begin(self, prompts):
        return self.forward(torch.tensor(prompts))

    def step(self, tokens):
        return self.forward(torch.from_numpy(tokens)[:, None])

    def forward(self, ids):
        out = self.model(ids, past_key_values=self.cache, use_cache=True, logits_to_keep=1)
        self.cache = out.past_key_values
        return out.logits[:, -1].float().numpy()
