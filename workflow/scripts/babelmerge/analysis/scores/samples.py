"""Sample outputs side by side: source, reference, and what models made of it."""

from collections.abc import Mapping, Sequence

from babelmerge.display import html as page
from babelmerge.words import labels


def side_by_side(samples: Sequence[Mapping]) -> str:
    """HTML of samples (see `Material.samples`) by group and data set; the first open."""
    parts: dict[tuple[str, str], list[str]] = {}
    for sample in samples:
        key = (sample.get("group", ""), sample["dataset"])
        parts.setdefault(key, []).append(_sample(sample))
    folded = []
    for at, ((group, dataset), cards) in enumerate(parts.items()):
        heading = (
            f"{labels.group(group)}: {labels.pair(dataset)}" if group else labels.pair(dataset)
        )
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
    merged = model.startswith(f"merges/{sample.get('group')}/")
    return labels.method(labels.unit(model)) if merged else labels.model_id(model)
