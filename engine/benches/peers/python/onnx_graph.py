"""Writes a GPT-2 as an ONNX graph: f32, and int8 by ONNX Runtime's dynamic quantization.

By hand, for an exporter's graph stacks all keys and values and copies them in every step.
"""

from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

MICROSOFT = "com.microsoft"


class Graph:
    """Nodes, weights, inputs and outputs as they are collected."""

    def __init__(self):
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, name, shape):
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def node(self, kind, inputs, outputs=1, **attributes):
        """Adds an operation; `outputs` is how many it has, or their names. Returns its name, or their names."""
        names = outputs if isinstance(outputs, list) else [f"{kind}_{len(self.nodes)}_{n}" for n in range(outputs)]
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, names, name=name, **attributes))
        return names[0] if len(names) == 1 else names


class Gpt2:
    """Puts the model's parts into a graph."""

    def __init__(self, tensors, config):
        self.graph, self.tensors, self.config = Graph(), tensors, config
        self.width, self.heads = config["n_embd"], config["n_head"]
        self.head_width = self.width // self.heads

    def stored(self, name):
        return self.graph.weight(name, self.tensors[f"transformer.{name}"])

    def norm(self, x, name):
        inputs = [x, self.stored(f"{name}.weight"), self.stored(f"{name}.bias")]
        return self.graph.node("LayerNormalization", inputs, axis=-1, epsilon=self.config["layer_norm_epsilon"])

    def linear(self, x, name):
        product = self.graph.node("MatMul", [x, self.stored(f"{name}.weight")])
        return self.graph.node("Add", [product, self.stored(f"{name}.bias")])

    def attention(self, x, layer):
        graph, width = self.graph, self.head_width
        parts = graph.node("Split", [self.linear(x, f"h.{layer}.attn.c_attn")], 3, axis=-1, num_outputs=3)
        shape = graph.weight(f"split_{layer}", numpy.array([0, 0, self.heads, width], numpy.int64))
        query, key, value = (
            graph.node("Transpose", [graph.node("Reshape", [part, shape])], perm=[0, 2, 1, 3]) for part in parts
        )
        now = [f"now_k{layer}", f"now_v{layer}"]
        for name, part in zip(now, (key, value)):
            past = graph.input(name.replace("now", "past"), TensorProto.FLOAT, ["B", self.heads, "P", width])
            graph.node("Concat", [past, part], [name], axis=2)
        scale = graph.weight(f"scale_{layer}", numpy.array(width**-0.5, numpy.float32))
        scores = graph.node("MatMul", [query, graph.node("Transpose", [now[0]], perm=[0, 1, 3, 2])])
        scores = graph.node("Add", [graph.node("Mul", [scores, scale]), "mask"])
        mixed = graph.node("MatMul", [graph.node("Softmax", [scores], axis=-1), now[1]])
        shape = graph.weight(f"join_{layer}", numpy.array([0, 0, self.width], numpy.int64))
        joined = graph.node("Reshape", [graph.node("Transpose", [mixed], perm=[0, 2, 1, 3]), shape])
        return self.linear(joined, f"h.{layer}.attn.c_proj")

    def mlp(self, x, layer):
        name = f"h.{layer}.mlp.c_fc"
        product = self.graph.node("MatMul", [x, self.stored(f"{name}.weight")])
        active = self.graph.node("FastGelu", [product, self.stored(f"{name}.bias")], domain=MICROSOFT)
        return self.linear(active, f"h.{layer}.mlp.c_proj")

    def build(self):
        graph = self.graph
        ids = graph.input("ids", TensorProto.INT64, ["B", "T"])
        positions = graph.input("positions", TensorProto.INT64, ["T"])
        graph.input("mask", TensorProto.FLOAT, ["T", "S"])
        graph.output("logits", ["B", "N", "V"])
        tokens = graph.node("Gather", [self.stored("wte.weight"), ids])
        x = graph.node("Add", [tokens, graph.node("Gather", [self.stored("wpe.weight"), positions])])
        for layer in range(self.config["n_layer"]):
            x = graph.node("Add", [x, self.attention(self.norm(x, f"h.{layer}.ln_1"), layer)])
            x = graph.node("Add", [x, self.mlp(self.norm(x, f"h.{layer}.ln_2"), layer)])
        for layer in range(self.config["n_layer"]):
            for part in "kv":
                graph.output(f"now_{part}{layer}", ["B", self.heads, "S", self.head_width])
        # `keep` is how many of the last positions get logits: 1, but for measuring quality all.
        keep = graph.input("keep", TensorProto.INT64, [1])
        starts, axis = graph.node("Neg", [keep]), graph.weight("axis", numpy.array([1], numpy.int64))
        end = graph.weight("end", numpy.array([2**31], numpy.int64))
        x = self.norm(graph.node("Slice", [x, starts, end, axis]), "ln_f")
        head = graph.weight("head", self.tensors["transformer.wte.weight"].T)
        graph.node("MatMul", [x, head], ["logits"])
        body = helper.make_graph(graph.nodes, "gpt2", graph.inputs, graph.outputs, graph.weights)
        versions = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(body, opset_imports=versions, ir_version=9)


def write(checkpoint, config, folder):
    """Writes `f32.onnx` and `int8.onnx` into the folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = load_file(f"{checkpoint}/model.safetensors")
    tensors = {name: array.astype(numpy.float32) for name, array in tensors.items()}
    onnx.save(Gpt2(tensors, config).build(), folder / "f32.onnx")
    quantize_dynamic(
        folder / "f32.onnx",
        folder / "int8.onnx",
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
    )
