"""Converts the checkpoint of the benchmark for every peer: `convert.py FOLDER`, where FOLDER/checkpoint is.

What is there already is left alone; each conversion ends with a rename, so that a broken one isn't taken for whole.
"""

import json
import shutil
import sys
from pathlib import Path

import gguf_file
import onnx_graph


def with_vocabulary(checkpoint, config, folder):
    """The same checkpoint with what CTranslate2's converter wants beside it, a vocabulary: bytes first, as GPT-2 writes
    them, then as many names as rows."""
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (folder / name).symlink_to(Path("..") / checkpoint.name / name)
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(code) for code in printable]
    letters += [chr(256 + n) for n in range(256 - len(letters))]
    tokens = ["<pad>", "<s>", "</s>", *letters]
    tokens += [f"<{n}>" for n in range(len(tokens), config["vocab_size"])]
    vocabulary = {token: row for row, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    settings = {"tokenizer_class": "GPT2Tokenizer", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "</s>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def ctranslate2(checkpoint, target, precision):
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(checkpoint)).convert(str(target), quantization=precision)


def once(target, make):
    """Makes a file or folder under another name and moves it into place, unless it is there."""
    if target.exists():
        return
    print(f"converting for {target.parent.name}/{target.name}", file=sys.stderr)
    unfinished = target.with_name(f"unfinished-{target.name}")
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    make(unfinished)
    unfinished.rename(target)


def main():
    folder = Path(sys.argv[1])
    checkpoint = folder / "checkpoint"
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    transformers = folder / "transformers"
    once(transformers, lambda path: with_vocabulary(checkpoint, config, path))
    once(folder / "onnx", lambda path: onnx_graph.write(checkpoint, config, path))
    for precision in ("BF16", "Q8_0"):
        target = folder / "gguf" / f"{precision}.gguf"
        once(target, lambda path, precision=precision: gguf_file.write(checkpoint, config, path, precision))
    for precision in ("float32", "int8"):
        target = folder / f"ctranslate2-{precision}"
        once(target, lambda path, precision=precision: ctranslate2(transformers, path, precision))


if __name__ == "__main__":
    main()
