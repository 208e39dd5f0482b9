"""llama.cpp through llama-cpp-python's plain bindings: one batch for all chats, argmax by numpy."""

import ctypes

import llama_cpp as llama
import numpy


class LlamaPeer:
    """A GGUF file and, for each work, a context just large enough for it."""

    def __init__(self, precision, folder, threads):
        llama.llama_log_set(QUIET, ctypes.c_void_p())
        llama.llama_backend_init()
        self.threads, self.context, self.batch = threads, None, None
        self.flash = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
        path = f"{folder}/gguf/{precision}.gguf"
        self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        assert self.model, f"llama.cpp can't load {path}"
        self.rows = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))

    def about(self):
        return f"llama-cpp-python {llama.__version__}, flash attention, f16 KV, built for this CPU: " + (
            llama.llama_print_system_info().decode().strip()
        )

    def reserve(self, chats, tokens):
        if self.context:
            llama.llama_batch_free(self.batch)
            llama.llama_free(self.context)
        settings = llama.llama_context_default_params()
        settings.n_seq_max = chats
        settings.n_ctx = chats * -(-tokens // 256) * 256
        settings.n_batch, settings.n_ubatch = 2048, 512
        settings.n_threads = settings.n_threads_batch = self.threads
        settings.flash_attn_type = self.flash
        self.context = llama.llama_init_from_model(self.model, settings)
        assert self.context, "llama.cpp refuses the context"
        self.batch = llama.llama_batch_init(2048, 0, 1)
        self.place = 0

    def begin(self, prompts):
        return self.decode(prompts)

    def step(self, tokens):
        return self.decode([[int(token)] for token in tokens])

    def decode(self, texts):
        batch, count, last = self.batch, 0, []
        for chat, text in enumerate(texts):
            for offset, token in enumerate(text):
                batch.token[count] = token
                batch.pos[count] = self.place + offset
                batch.n_seq_id[count] = 1
                batch.seq_id[count][0] = chat
                batch.logits[count] = offset + 1 == len(text)
                count += 1
            last.append(count - 1)
        batch.n_tokens = count
        assert llama.llama_decode(self.context, batch) == 0, "llama.cpp refuses the batch"
        self.place += len(texts[0])
        return numpy.stack([self.logits(index) for index in last])

    def logits(self, index):
        return numpy.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, index), (self.rows,))


@llama.llama_log_callback
def QUIET(_level, _text, _data):
    """llama.cpp's log says nothing that a benchmark needs."""
