"""The report's chapter on what fails, and where, with sample outputs side by side."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from babelmerge.analysis.scores import findings, scored
from babelmerge.analysis.scores import model_findings as models
from babelmerge.display import html as page
from babelmerge.display import labels
from babelmerge.display.chapters import Parts
from babelmerge.files.rows import read_rows
from babelmerge.words import ids, metrics

SENTENCES = 3  # of a data set


def failures(parts: Parts, shown: Sequence[Mapping] = ()) -> str:
    """Where merges lose most: test sets, languages, and sentences. shown: as `read` gives them."""
    every = scored.each(parts)
    least = [sentence for found in every for sentence in findings.worst(found)]
    faults = [sentence for found in every[:1] for sentence in models.faults(found)]
    body = page.paragraphs([*least, *faults])
    body += parts.tables_of("lowest")
    scores = parts.frame("scores")
    told = [fault.failed for fault in metrics.faults(scores["metric"] if len(scores) else ())]
    shares = parts.tables_of("rates")
    body += page.details(f"Share of {' or '.join(told)}", shares)
    return body + side_by_side(shown)


def read(cases: Sequence[Mapping], paths: Sequence[str]) -> Iterator[dict]:
    """The first sentences of each case beside what each model made of them.

    cases: mappings with `dataset`, `source_language`, `target_language`, `models` (ids, in the
    order to be shown) and, where there is one, `group`. paths: the outputs of each case's models.
    """
    left = iter(paths)
    for case in cases:
        files = [next(left) for _ in case["models"]]
        for rows in zip(*(islice(read_rows(f), SENTENCES) for f in files), strict=True):
            yield {
                **{key: value for key, value in case.items() if key != "models"},
                "source": rows[0]["source"],
                "reference": rows[0]["reference"],
                "outputs": {m: r["output"] for m, r in zip(case["models"], rows, strict=True)},
            }


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
    """The model's name; under a group's heading a merge needs only its method."""
    own = ids.of_kind(model, "merge") and ids.group(model) == sample.get("group")
    return labels.method(ids.method(model)) if own else labels.model_id(model)
