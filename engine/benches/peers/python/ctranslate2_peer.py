"""CTranslate2: its own generation loop, greedy, in one batch."""

import json
import time

import ctranslate2


class CTranslate2Peer:
    """A CTranslate2 generator. Which instruction set it takes is up to CT2_FORCE_CPU_ISA."""

    def __init__(self, precision, folder, threads):
        path = f"{folder}/ctranslate2-{precision}"
        self.generator = ctranslate2.Generator(
            path, device="cpu", compute_type=precision, inter_threads=1, intra_threads=threads
        )
        with open(f"{path}/vocabulary.json", encoding="utf-8") as file:
            self.vocabulary = json.load(file)

    def about(self):
        return f"ctranslate2 {ctranslate2.__version__}, computes in {self.generator.compute_type}"

    def generate(self, prompts, new):
        times = []

        def stamp(result):
            if result.batch_id == 0:
                times.append(time.perf_counter())
            return False

        begin = time.perf_counter()
        results = self.generator.generate_batch(
            [[self.vocabulary[token] for token in prompt] for prompt in prompts],
            callback=stamp,
            max_length=new,
            min_length=new,
            sampling_topk=1,
            beam_size=1,
            end_token=[],
            include_prompt_in_result=False,
            max_batch_size=0,
        )
        return times[0] - begin, times[-1] - times[0], [result.sequences_ids[0] for result in results]
