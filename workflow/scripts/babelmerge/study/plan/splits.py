"""Which rows of its corpora a split is, and whether train, dev and test are different rows.

Pure functions of a `Study`. What can only be told from the rows themselves is told by the data
step: slices of files that are too short, and texts that stand in two splits.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

from babelmerge.study.grammar.corpora import ControlledCorpus, Corpus, FilesCorpus, HubCorpus, Part
from babelmerge.study.grammar.selection import ON_TEST
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.templates import fill
from babelmerge.study.plan.types import CorpusRequest
from babelmerge.tasks.kinds import KINDS
from babelmerge.words import splits as words
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed
from babelmerge.words.splits import Cut

SPLITS = ("train", "dev", "test")
EXAMPLES = (
    "shots_from"  # a key of tasks that names rows as those do; of train, if it names no split
)
Where = tuple[str, ...]


def cuts(
    study: Study, part: Part, corpus: Corpus, split: str, where: tuple[str, ...]
) -> tuple[Cut, ...]:
    """Which rows a part asks for. What names no split is of the one that it is for."""
    text = part.split or getattr(corpus, "split", None)
    split = SPLITS[0] if split == EXAMPLES else split
    if text is None:
        return (Cut(split),)
    loc = (*where, "split") if part.split else ("corpora", part.corpus, "split")
    if isinstance(corpus, HubCorpus) and "(" in text:
        return (Cut(text),)  # a rounding of the library's own: it has the last word
    try:
        found = tuple(replace(cut, name=cut.name or split) for cut in words.parse(text))
    except ValueError as error:
        raise study.error(*loc, found=str(error), expected=words.EXPECTED) from None
    plain = len(found) == 1 and found[0].whole
    if isinstance(corpus, ControlledCorpus) and (not plain or found[0].name not in SPLITS):
        remedy = "It is made anew for each split; size says how many rows."
        expected = listed(SPLITS)
        raise study.error(*loc, found=shown(text), expected=expected, remedy=remedy)
    if isinstance(corpus, FilesCorpus):
        _check_honoured(study, part, corpus, found, loc)
    return found


def _check_honoured(
    study: Study, part: Part, corpus: FilesCorpus, cuts: tuple[Cut, ...], loc: Where
) -> None:
    """StudyError for a split that would change nothing in what is read."""
    asked = (corpus.columns, corpus.where, part.where)
    if "{split}" in str(corpus.files):
        if len({cut.name for cut in cuts}) > 1 and "{split}" in str(asked):
            found = "several splits, and {split} outside the paths"
            raise study.error(*loc, found=found, expected="one split, or {split} in paths alone")
    elif any(cut.whole for cut in cuts) and "{split}" not in str(asked):
        found = f"{shown(cuts[0].name)}, and no {{split}} in the files of {part.corpus}"
        expected = "a split that says which rows are read"
        remedy = (
            f"Cut rows out: split: '{cuts[0].name}[:20%]'. Or select them: where: {{column: "
            "value}. Or write {split} into the path. Or take the split away (split: null, where a "
            "study that this one extends has it)."
        )
        raise study.error(*loc, found=found, expected=expected, remedy=remedy)


def wanted(
    study: Study, part: Part, corpus: Corpus, names: dict[str, str], where: Where
) -> dict[str, str]:
    """Values that rows must have: those of the corpus, and those of the part."""
    found, loc = {}, ("corpora", part.corpus, "where")
    if getattr(corpus, "where", None):
        found = {k: fill(study, v, names, *loc) for k, v in corpus.where.items()}
    if part.where:
        loc = (*where, "where")
        found |= {k: fill(study, v, names, *loc) for k, v in part.where.items()}
    plain = isinstance(corpus, FilesCorpus) and (
        isinstance(corpus.files, dict) or corpus.format == "text"
    )
    if found and (plain or isinstance(corpus, ControlledCorpus)):
        expected = f"a corpus with columns; {part.corpus} has none"
        remedy = "Cut rows out by split: 'dev[:20%]'." if plain else "Take split and size."
        raise study.error(*loc, found=str(found), expected=expected, remedy=remedy)
    return found


def check_apart(study: Study, task: str, found: Mapping[str, tuple[CorpusRequest, ...]]) -> None:
    """StudyError for two splits that ask for the same rows of the same corpora.

    Dev and test must differ, since merges are selected on dev; train must differ from both, unless
    `overlap` says what becomes of rows that do not.
    """
    for one, other in combinations([split for split in SPLITS if split in found], 2):
        if found[one] == found[other] and not _same_allowed(study, task, one):
            word = "overlap: drop" if one == "train" else f"allow: {ON_TEST}"
            raise study.error(
                "tasks",
                task,
                other,
                found=f"the rows of {one} once more",
                expected=f"other rows than those of {one}",
                remedy=f"Cut them apart: split: '{one}[:50%]' there and split: '{other}[50%:]' "
                f"here, or where: {{column: value}} in both. Or say `{word}`.",
            )


def selects_on_test(study: Study) -> bool:
    """Whether the study says that something may be chosen on the rows that scores are told of."""
    return ON_TEST in study.allowed


def _same_allowed(study: Study, task: str, split: str) -> bool:
    if split == "train":
        return study.tasks[task].overlap != "error"
    return not KINDS[study.tasks[task].kind].scored or selects_on_test(study)
