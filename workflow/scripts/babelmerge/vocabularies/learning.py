"""Trains the tokenizer of a base that starts from random weights: byte-level BPE.

Bytes as the alphabet mean that no text is ever unknown. Reads texts from an iterator and returns
a tokenizer; writing it is the caller's (`tokenizer.save_pretrained`). Imports no torch itself.

Load it back with `models.loading.load_tokenizer`. For some model types, qwen2 among them,
AutoTokenizer ignores what a folder's tokenizer says it is and splits words that family's way; llama
and qwen3 are taken as they are.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping

from babelmerge.tasks import rendering

logger = logging.getLogger(__name__)

PAD, EOS = "<pad>", "</s>"
# Words keep their combining marks and joiners: the split that GPT-2 made popular takes only \p{L},
# and so cuts every Indic word at its vowel signs, before BPE could ever learn the whole word.
WORDS = r" ?[\p{L}\p{M}\x{200C}\x{200D}]+| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]+|\s+"


def train_tokenizer(texts: Iterable[str], vocab_size: int, min_frequency: int = 2):
    """Byte-level BPE of at most `vocab_size` entries (256 bytes and 2 special tokens included).

    Returns a PreTrainedTokenizerFast with <pad> = 0 and </s> = 1 and no BOS: prompts begin at
    position 0 in training and decoding alike, and a BOS that training never sees would only
    mislead whoever scores with it. The same texts in the same order give the same bytes.
    Raises ValueError for a size below 258 or when there is no text.
    """
    import tokenizers
    from tokenizers import decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    if vocab_size < len(alphabet) + 2:
        raise ValueError(
            f"tokenizer.vocab_size is {vocab_size}; byte-level BPE needs at least "
            f"{len(alphabet) + 2} (256 bytes, {PAD}, {EOS})"
        )
    backend = tokenizers.Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=[PAD, EOS],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    backend.train_from_iterator(_nonempty(texts), trainer)
    if backend.get_vocab_size() < vocab_size:
        logger.warning(
            "tokenizer: the texts support only %d of %d entries",
            backend.get_vocab_size(),
            vocab_size,
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=PAD,
        eos_token=EOS,
        clean_up_tokenization_spaces=False,
    )


def training_texts(rows: Iterable[Mapping[str, str]], template: str) -> Iterator[str]:
    """What a model of these rows will read: each rendered prompt and each target.

    Prompts go in whole, so that the words of the instruction become tokens of their own.
    """
    for row in rows:
        yield rendering.render_prompt(row, template)[0]
        yield rendering.answer_text(row["target"], template)


def _nonempty(texts: Iterable[str]) -> Iterator[str]:
    empty = True
    for text in texts:
        empty = empty and not text
        yield text
    if empty:
        raise ValueError("no text to train a tokenizer on; check the corpus of the base")
