"""Makes the small BERT classifiers in this folder, with what Hugging Face computes on them.

    python3 -m venv /tmp/hf && /tmp/hf/bin/pip install torch transformers
    /tmp/hf/bin/python trainer/tests/data/make_classifiers.py

The weights are random; each covers what the other doesn't: `classifier_two` is cased, with tokenizer.json and safetensors;
`classifier_three` lower-cases, has vocab.txt alone, a pytorch_model.bin with the names of old files, three labels of which
several may hold, and ReLU.
"""
import json
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

HERE = Path(__file__).parent
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
WORDS = "привет дела дурак нет когда рыба ёлка ежик hello то во ка ши ры и но".split()
TEXTS = [
    "Привет, как дела?", "ты дурак!", "", "ёжик и Ёлка", "слово " * 40, "HELLO, naïve café 😀", "рыба\u0000\tрыба\n", "你好 мир", "Й",
]
CASES = {
    "classifier_two": dict(cased=True, labels={0: "neutral", 1: "toxic"}, hidden_act="gelu", problem_type=None),
    "classifier_three": dict(
        cased=False, labels={0: "calm", 1: "rude", 2: "vile"}, hidden_act="relu", problem_type="multi_label_classification"
    ),
}


def vocabulary(cased):
    letters = list(LETTERS) + (list(LETTERS.upper()) if cased else [])
    words = WORDS + ([word.capitalize() for word in WORDS] if cased else [])
    return list(dict.fromkeys(SPECIAL + list(".,!?0123456789") + letters + ["##" + letter for letter in letters] + words + ["##" + word for word in WORDS]))


def make(name, cased, labels, **more):
    torch.manual_seed(sum(map(ord, name)))
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    words = vocabulary(cased)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    tokenizer = BertTokenizer(vocab=str(folder / "vocab.txt"), do_lower_case=not cased, strip_accents=False if cased else None, model_max_length=32)
    config = BertConfig(
        vocab_size=len(words), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=32, initializer_range=0.4, id2label=labels, label2id={v: k for k, v in labels.items()}, **more,
    )
    model = BertForSequenceClassification(config).eval()
    for parameter in model.parameters():
        if parameter.dim() == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    tokenizer.save_pretrained(folder)
    if cased:
        model.save_pretrained(folder)
        (folder / "vocab.txt").unlink(missing_ok=True)
    else:
        config.save_pretrained(folder)
        (folder / "vocab.txt").write_text("\n".join(words) + "\n")
        (folder / "tokenizer.json").unlink(missing_ok=True)
        state = {old(key): value.clone() for key, value in model.state_dict().items()}
        state["bert.embeddings.position_ids"] = torch.arange(32)[None]
        torch.save(state, folder / "pytorch_model.bin")
    (folder / "golden.json").write_text(json.dumps(golden(model, tokenizer), ensure_ascii=False))


def old(key):
    """The name a tensor had in files converted from TensorFlow."""
    return key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


@torch.no_grad()
def golden(model, tokenizer):
    cases = []
    for text in TEXTS:
        inputs = tokenizer(text, truncation=True, return_tensors="pt")
        logits = model(**inputs).logits[0]
        several = model.config.problem_type == "multi_label_classification"
        probabilities = logits.sigmoid() if several else logits.softmax(-1)
        cases.append(dict(text=text, input_ids=inputs["input_ids"][0].tolist(), logits=logits.tolist(), probabilities=probabilities.tolist()))
    return cases


for name, case in CASES.items():
    make(name, **case)
