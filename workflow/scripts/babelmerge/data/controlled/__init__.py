"""The controlled corpus: sentences and items aligned by meaning, written by rule in languages.

A ``Meaning`` (abstract features and lexeme ids) is drawn from a space of 17,450,974 distinct
meanings (``count()`` computes that number) and rendered by one grammar per language from a lexicon
of our own. Distinct meanings have distinct sentences in every language. Everything here is pure
and offline: it reads no file, and its only randomness is the seed given to ``sample``.

``items`` are drawn in the same way, for tasks that are not translation: a text with its sentiment,
a question or a beginning with choices, a document with its summary, statements with those on one
theme, a sentence with a wrong one. Those with choices make ``documents`` to learn from, too.

To add a language: a folder in ``languages`` with ``lexicon`` and ``grammar``, an entry in
``GRAMMARS``, and a file of pinned sentences beside the tests. To give it items: ``speech`` in that
folder, an entry in ``SPEAKERS``, contrasts in ``items.rules``, and pinned items in that file.
"""

from collections.abc import Iterator

from babelmerge.data.controlled.items.drawing import documents
from babelmerge.data.controlled.items.drawing import rows as items
from babelmerge.data.controlled.languages.grammars import GRAMMARS
from babelmerge.data.controlled.languages.speakers import SPEAKERS
from babelmerge.data.controlled.meaning import SPLITS, Meaning, Phrase, split_of
from babelmerge.data.controlled.space import count, sample

LANGUAGES: tuple[str, ...] = tuple(GRAMMARS)
ITEM_LANGUAGES: tuple[str, ...] = tuple(SPEAKERS)

__all__ = [
    "ITEM_LANGUAGES",
    "LANGUAGES",
    "SPLITS",
    "Meaning",
    "Phrase",
    "count",
    "documents",
    "items",
    "render",
    "rows",
    "sample",
    "split_of",
]


def render(meaning: Meaning, language: str) -> str:
    """The sentence of a meaning in a language; raise ValueError for a language we lack."""
    _known(language)
    return GRAMMARS[language](meaning)


def rows(
    source_language: str, target_language: str, split: str, size: int, seed: int | str
) -> Iterator[dict[str, str]]:
    """Translation rows: id, source_language, target_language, source, target.

    The meanings are those of ``sample(split, size, seed)``, so rows of different pairs with one
    seed are translations of each other. Raises ValueError as ``sample`` and ``render`` do, at once.
    """
    for language in (source_language, target_language):
        _known(language)
    return _rows(source_language, target_language, sample(split, size, seed))


def _rows(source: str, target: str, meanings: Iterator[Meaning]) -> Iterator[dict[str, str]]:
    for number, meaning in enumerate(meanings):
        yield {
            "id": str(number),
            "source_language": source,
            "target_language": target,
            "source": GRAMMARS[source](meaning),
            "target": GRAMMARS[target](meaning),
        }


def _known(language: str) -> None:
    if language not in GRAMMARS:
        raise ValueError(
            f"controlled corpus: no grammar for {language!r}; it has {', '.join(LANGUAGES)}"
        )
