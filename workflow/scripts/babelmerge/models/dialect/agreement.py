"""A tokenizer in memory has the ids of its file, and marks of chats are tokens; else an error.

transformers builds many tokenizers anew, by the model's class and tokenizer_config.json, and passes
over parts of tokenizer.json. Then texts get other ids than the model was trained on, silently.
"""

from pathlib import Path
from typing import Any

from babelmerge.models.dialect import tokenizers
from babelmerge.models.dialect.tokenizers import CONFIG, FILE, NAMED, SAMPLES

GENERIC = "PreTrainedTokenizerFast"  # the class that takes tokenizer.json as it is


def require(tokenizer: Any, folder: str | Path) -> None:
    """ValueError unless a loaded tokenizer has the ids of its file and the marks of its config."""
    folder = Path(folder)
    if other := other_ids(tokenizer, folder):
        raise ValueError(
            f"transformers loads it as {type(tokenizer).__name__}, which {other}; set "
            f"tokenizer_class: {GENERIC} in {CONFIG}, which takes {FILE} as it is, or put the "
            f"{CONFIG} there that belongs to it"
        )
    for mark in dict.fromkeys(tokenizers.named(tokenizers.settings(folder))):
        if len(found := _ids(tokenizer, mark)) != 1:
            pieces = tokenizer.convert_ids_to_tokens(found)
            raise ValueError(
                f"{CONFIG} names {mark!r} as a special token, and transformers cuts it into "
                f"{pieces}: of {' and '.join(NAMED)} it takes one; list all of them in "
                f"extra_special_tokens, or add the token to {FILE} (added_tokens)"
            )


def lost(folder: str | Path) -> list[str]:
    """Special tokens that a model's config names and transformers passes over, by its files.

    Of two lists it takes the last, and the tokens of the other are those that the file has.
    """
    config = tokenizers.settings(folder)
    first, last = (config.get(key) for key in NAMED)
    file = Path(folder) / FILE
    if not (first and isinstance(last, list) and file.is_file()):
        return []
    known = tokenizers.read(file).ids
    taken = {*known, *tokenizers.named(config, NAMED[1:])}
    return [token for token in tokenizers.named(config, NAMED[:1]) if token not in taken]


def other_ids(tokenizer: Any, folder: Path) -> str | None:
    """How a loaded tokenizer cuts some text otherwise than its tokenizer.json; None: it does not.

    Compared are texts without what is put around them, and every token that was added.
    """
    if not (folder / FILE).is_file():
        return None
    file = tokenizers.read(folder / FILE)
    for text in (*SAMPLES, *file.added):
        want = file.encoded(text, False)
        if want and (found := _ids(tokenizer, text)) != want.ids:
            return f"cuts {text!r} into {len(found)} tokens, and {FILE} into {len(want)} others"
    return None


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])
