"""A made-up pair of languages, a tokenizer and models of a few thousand weights, for tests."""

import random

import torch

from babelmerge.training import scratch as initialisation
from babelmerge.training import vocabulary

TEMPLATE = "{source_language} {target_language}\n{source}\n"
# How rows of it are asked, see `evaluation.answering`.
ASKED = {
    "template": TEMPLATE,
    "chat": False,
    "kind": "translation",
    "answer": "generate",
    "labels": [],
}
WORDS = {
    "cat": "बिल्ली",
    "dog": "कुत्ता",
    "sees": "देखता",
    "eats": "खाता",
    "red": "लाल",
    "big": "बड़ा",
    "house": "घर",
    "water": "पानी",
}
ARCHITECTURE = {
    "model_type": "qwen2",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 128,
    "tie_word_embeddings": True,
}


def make_rows(count: int, seed: int = 0, longest: int = 6) -> list[dict]:
    """Word-by-word translations, in reverse order, of random word strings."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        words = [draw.choice(list(WORDS)) for _ in range(draw.randint(2, longest))]
        rows.append(
            {
                "id": f"row{number}",
                "source_language": "en",
                "target_language": "hi",
                "source": " ".join(words),
                "target": " ".join(WORDS[word] for word in reversed(words)) + "।",
            }
        )
    return rows


def make_tokenizer(rows=None):
    texts = vocabulary.training_texts(rows or make_rows(200), TEMPLATE)
    return vocabulary.train_tokenizer(texts, 340)


def make_model(tokenizer, seed: int = 0, **changes):
    torch.set_num_threads(1)
    architecture = ARCHITECTURE | changes
    return initialisation.initialise(architecture, len(tokenizer), seed, tokenizer)
