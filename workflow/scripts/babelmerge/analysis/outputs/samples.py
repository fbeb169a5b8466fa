"""Outputs of all models on the same rows, side by side."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from babelmerge.analysis.outputs import rates
from babelmerge.analysis.outputs.counting import unfinished
from babelmerge.display import html as page
from babelmerge.display import labels
from babelmerge.files.rows import read_rows
from babelmerge.words import ids

SENTENCES = 3  # of a data set


def read(
    cases: Sequence[Mapping], paths: Sequence[str], decodings: Sequence[str] = ()
) -> Iterator[dict]:
    """The first sentences of each case beside what each model made of them.

    cases: mappings with `dataset`, `source_language`, `target_language`, `models` (ids, in the
    order to be shown) and, where there is one, `group`. paths: the outputs of each case's models.
    decodings: how these were decoded, where it is to be told in which ways outputs fail.
    """
    left, ended = iter(paths), iter(decodings)
    for case in cases:
        files = [next(left) for _ in case["models"]]
        cut = [unfinished(next(ended)) for _ in files] if decodings else []
        for rows in zip(*(islice(read_rows(f), SENTENCES) for f in files), strict=True):
            failing = (
                [_faults(row, ids_) for row, ids_ in zip(rows, cut, strict=True)] if cut else []
            )
            yield {
                **{key: value for key, value in case.items() if key != "models"},
                "source": rows[0]["source"],
                "reference": rows[0]["reference"],
                "outputs": {m: _told(r) for m, r in zip(case["models"], rows, strict=True)},
                "faults": dict(zip(case["models"], failing, strict=False)),
            }


def _told(row: Mapping) -> str:
    """What a model wrote or chose; of a text that it was only asked to foretell, at which cost."""
    choices = row.get("choices", ())
    if len(choices) != 1 or "log_likelihood" not in choices[0]:
        return row["output"]
    bits = -choices[0]["log_likelihood"] / math.log(2) / len(choices[0]["text"].encode())
    return f"{bits:.2f} bits per byte"


def _faults(row: Mapping, cut: Collection[str]) -> list[str]:
    """In which ways an output fails; not its language, which of one alone is hard to tell."""
    found = rates.faults(row["output"], row["source"], row["reference"])
    return [*found, *(["unfinished"] if row["id"] in cut else [])]


def side_by_side(samples: Sequence[Mapping]) -> str:
    """HTML of samples, as `read` gives them, by group and data set; the first open."""
    parts: dict[tuple[str, str], list[str]] = {}
    for sample in samples:
        key = (sample.get("group", ""), sample["dataset"])
        parts.setdefault(key, []).append(_sample(sample))
    folded = []
    for at, ((group, dataset), cards) in enumerate(parts.items()):
        name = labels.apart(dataset, [other for own, other in parts if own == group])
        heading = f"{labels.group(group)}: {name}" if group else name
        summary = f"<summary>{page.text(heading)}</summary>"
        folded.append(f"<details{' open' * (at == 0)}>{summary}{''.join(cards)}</details>")
    return f"<h3>Sentences side by side</h3>{''.join(folded)}" if folded else ""


def _sample(sample: Mapping) -> str:
    source, target = sample["source_language"], sample["target_language"]
    cells = [
        ("Source", sample["source"], source),
        ("Reference", sample["reference"], target),
        *((_who(name, sample), output, target) for name, output in sample["outputs"].items()),
    ]
    inner = "".join(
        f"<div><h4>{page.text(name)}</h4>{page.spoken(content, language)}</div>"
        for name, content, language in cells
    )
    return f'<div class="sample">{inner}</div>'


def _who(model: str, sample: Mapping) -> str:
    """The model's name and how its output fails; under a group's heading a merge's method alone."""
    own = ids.of_kind(model, "merge") and ids.group(model) == sample.get("group")
    name = labels.method(ids.method(model)) if own else labels.model_id(model)
    faults = sample.get("faults", {}).get(model)
    return f"{name} ({', '.join(faults)})" if faults else name
