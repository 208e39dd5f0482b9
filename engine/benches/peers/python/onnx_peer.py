"""ONNX Runtime on a graph of our own making (onnx_graph.py), keys and values kept by I/O binding."""

import numpy
import onnxruntime


class OnnxPeer:
    """A session, and the keys and values of its last run."""

    def __init__(self, precision, folder, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        path = f"{folder}/onnx/{precision}.onnx"
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.caches = [value.name for value in self.session.get_inputs() if value.name.startswith("past_")]
        shape = next(value.shape for value in self.session.get_inputs() if value.name == self.caches[0])
        self.heads, self.width = shape[1], shape[3]
        self.past = None

    def about(self):
        return f"onnxruntime {onnxruntime.__version__}"

    def reserve(self, chats, tokens):
        empty = numpy.zeros((chats, self.heads, 0, self.width), numpy.float32)
        self.past = [onnxruntime.OrtValue.ortvalue_from_numpy(empty) for _ in self.caches]
        self.place = 0

    def begin(self, prompts):
        return self.forward(numpy.array(prompts, numpy.int64))

    def step(self, tokens):
        return self.forward(tokens.astype(numpy.int64)[:, None])

    def forward(self, ids):
        new = ids.shape[1]
        positions = numpy.arange(self.place, self.place + new, dtype=numpy.int64)
        self.place += new
        hidden = numpy.arange(self.place)[None, :] > positions[:, None]
        binding = self.session.io_binding()
        binding.bind_cpu_input("ids", ids)
        binding.bind_cpu_input("positions", positions)
        binding.bind_cpu_input("mask", numpy.where(hidden, numpy.float32(-1e9), numpy.float32(0)))
        binding.bind_cpu_input("keep", numpy.array([1], numpy.int64))
        for name, value in zip(self.caches, self.past):
            binding.bind_ortvalue_input(name, value)
        for output in self.session.get_outputs():
            binding.bind_output(output.name)
        self.session.run_with_iobinding(binding)
        logits, *self.past = binding.get_outputs()
        return logits.numpy()[:, -1]
