"""The report's first chapter for models that are only looked at: what was inspected, and the gist.

Stands in for the question and the set-up of a study that has scores. What could not be compared is
said here, since such models are missing further down.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.mergeability import pairs
from babelmerge.display import html as page
from babelmerge.display import labels
from babelmerge.display.chapters import Parts
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import languages

Shown = Mapping[str, Mapping[str, Mapping]]  # model -> data set -> facts of representations
BASE = "base"
SIZES = {"blocks": "Blocks", "width": "Neurons a block", "features": "Features"}
NEEDED = {  # what is compared -> the sizes that models must share for it
    "neurons and their use": ("blocks", "width"),
    "CKA": ("blocks",),
    "angles": ("blocks", "features"),
}
NAMED = 4  # pairs that a sentence lists; of more it gives the number and the first
OUTLOOKS = {  # of one pair, of several
    "compatible": ("looks compatible", "look compatible"),
    "doubtful": ("may be compatible or not", "may be compatible or not"),
    "conflicting": ("looks like a conflict", "look like conflicts"),
}
INTRODUCTION = (
    "Models that exist already are compared from inside: nothing was trained, merged or scored. "
    "Every model read the same sentences."
)
PLAIN = (
    "The sentences are text of one language: below, the source span means the tokens of the "
    "sentence, and there is no target."
)
GUIDE = (
    "This is a guess before any merge, from bounds that one study of translation gave "
    "(compatible from {high}, conflicting up to {low}, both by the target span)"
)


def read(cases: Sequence[Sequence[str]], paths: Sequence[str]) -> Shown:
    """What each model was shown. cases: (model, data set) of each file; paths: representations'
    JSON files."""
    shown: dict[str, dict[str, Mapping]] = {}
    for (model, dataset), path in zip(cases, paths, strict=True):
        with open(path, encoding="utf-8") as stream:
            shown.setdefault(model, {})[dataset] = json.load(stream)
    return shown


def inspected(parts: Parts, shown: Shown) -> str:
    """Models, sentences, what could not be compared, and which pairs look compatible."""
    study = parts.study
    spoken = [languages.name(code) for code in study.get("languages", ())]
    body = page.paragraphs([study.get("description", "")])
    body += page.paragraphs([INTRODUCTION, PLAIN if _plain(shown) else ""])
    short = in_short(parts.frame("compatibility"))
    if short:
        body += f'<div class="answer"><h3>In short</h3>{page.bullets(short)}</div>'
    body += page.bullets(left_out(shown, study["owned"], parts.long.get(("experts",))), "warnings")
    body += page.facts([("Languages", labels.listing(spoken)), ("Seed", study.get("seed"))])
    body += parts.table("inspected-models") + parts.table("inspected-sentences")
    if study.get("reference"):
        body += page.paragraphs([f"Reference: {study['reference']}."])
    return body


def in_short(compatibility: pd.DataFrame) -> list[str]:
    """Which pairs of experts look compatible, by the CKA of the last block."""
    if compatibility.empty:
        return []
    rows = compatibility[compatibility["measure"] == "cka_last"].dropna(subset="value")
    if rows.empty:
        return []
    rows = rows.sort_values("value", ascending=False, kind="stable")
    span = rows["span"].iloc[0]
    told = [_told(rows[rows["outlook"] == outlook], *verbs) for outlook, verbs in OUTLOOKS.items()]
    guide = GUIDE.format(high=pairs.COMPATIBLE, low=pairs.CONFLICTING)
    less = "; of plain text they say less: trust the order of pairs more than these words"
    return [
        *filter(None, told),
        f"In brackets: {labels.inside(pairs.label('cka_last', span))}.",
        f"{guide}{less if span == 'source' else ''}.",
    ]


def _told(rows: pd.DataFrame, one: str, several: str) -> str:
    """'A with B (0.95) and A with C (0.9) look compatible.'; nothing of no pairs."""
    words = [_pair(row) for row in rows.to_dict("records")]
    if len(words) > NAMED:
        return f"{len(words)} pairs {several}, from {words[0]} to {words[-1]}."
    return f"{labels.listing(words)} {several if len(words) > 1 else one}." if words else ""


def left_out(shown: Shown, owned: Iterable[str], vectors: pd.DataFrame | None) -> list[str]:
    """Models that differ from the base in a way that comparisons feel, and what follows.

    owned: experts. vectors: the long table of their task vectors, where it was made.
    """
    found = []
    for model, facts in shown.items():
        found += [*_shape(model, facts, shown), *_tokens(model, facts, shown), *_long(model, facts)]
    if vectors is not None:
        absent = [model for model in owned if model not in set(vectors["expert"])]
        found += [
            f"{labels.model_id(model)} does not have the base's tensors, in names and shapes: it "
            "has no task vector and could not be merged with the others."
            for model in absent
        ]
    return found


def _shape(model: str, facts: Mapping, shown: Mapping) -> Iterator[str]:
    own, base = (next(iter(f.values())) for f in (facts, shown.get(BASE, facts)))
    if all(own[key] == base[key] for key in SIZES):
        return
    sizes = [
        f"{one['blocks']} blocks of {one['width']} neurons and states of {one['features']} features"
        for one in (own, base)
    ]
    parts = [what for what, keys in NEEDED.items() if any(own[key] != base[key] for key in keys)]
    yield (
        f"{labels.model_id(model)} has {sizes[0]}, the base {sizes[1]}: it is left out of "
        f"{labels.listing(parts)}."
    )


def _tokens(model: str, facts: Mapping, shown: Mapping) -> Iterator[str]:
    base = shown.get(BASE, {})
    if any(base.get(d, one)["inputs"] != one["inputs"] for d, one in facts.items()):
        yield (
            f"{labels.model_id(model)} splits sentences into other tokens than the base. CKA and "
            "angles compare means over each sentence and hold; rates of neurons are over other "
            "tokens, and merging needs one vocabulary."
        )


def _long(model: str, facts: Mapping) -> Iterator[str]:
    for dataset, one in facts.items():
        if one["prompts_too_long"]:
            yield (
                f"{labels.model_id(model)} left out {one['prompts_too_long']} of "
                f"{one['sentences']} sentences ({labels.pair(dataset)}), longer than max_length."
            )


def _plain(shown: Mapping) -> bool:
    return all(not one["tokens"]["target"] for facts in shown.values() for one in facts.values())


def _pair(row: Mapping) -> str:
    names = (labels.model_id(row[side]).removeprefix("Expert ") for side in ("model", "other"))
    return f"{' with '.join(names)} ({labels.number(row['value'])})"


def models_table(
    shown: Shown, taken: Mapping[str, str], owned: Mapping[str, Sequence[str]]
) -> Table:
    """Every model: where it is from, what it was tuned on, its size.

    taken: model id -> where it is from, in words; this study by default. owned: expert -> its data
    sets.
    """
    rows, frame = [], []
    for model, facts in shown.items():
        one = next(iter(facts.values()))
        source = taken.get(model, "this study")
        words = [
            source,
            labels.listing(labels.pair(d) for d in owned.get(model, ())) or labels.MISSING,
            *(str(one[key]) for key in SIZES),
        ]
        rows.append(Row("", labels.model_id(model), tuple(map(Cell, words))))
        frame.append({"model": model, "taken": source, **{key: one[key] for key in SIZES}})
    header = ("Taken from", "Own sentences", *SIZES.values())
    note = (
        "Own sentences: those in the language or direction that an expert was tuned for, by the "
        "study. Pairs of experts are compared on them; an expert without any on those of others."
    )
    columns = tuple((name,) for name in header)
    return Table("Models", columns, tuple(rows), pd.DataFrame(frame), note)


def sentences_table(shown: Shown) -> Table:
    """Every data set: sentences, and tokens as the first model has them."""
    first = {d: one for facts in reversed(shown.values()) for d, one in facts.items()}
    spans = [s for s in ("source", "target") if any(one["tokens"][s] for one in first.values())]
    rows = []
    order = dict.fromkeys(d for facts in shown.values() for d in facts)
    for dataset in order:
        one = first[dataset]
        numbers = [one["sentences"], *(one["tokens"][span] for span in spans)]
        rows.append(Row("", labels.pair(dataset), tuple(Cell(str(n)) for n in numbers)))
    header = [("Sentences",), *((f"Tokens, {span}",) for span in spans)]
    frame = pd.DataFrame(
        [
            {
                "dataset": d,
                "sentences": first[d]["sentences"],
                **{s: first[d]["tokens"][s] for s in spans},
            }
            for d in order
        ]
    )
    note = "Tokens: as the base splits them; special tokens are not counted."
    return Table("Sentences", tuple(header), tuple(rows), frame, note, corner="Data set")
