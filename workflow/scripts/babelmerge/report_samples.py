"""Sample outputs side by side: source, reference, and what models made of it."""

from collections.abc import Mapping, Sequence

from babelmerge import labels
from babelmerge import report_html as page


def side_by_side(samples: Sequence[Mapping]) -> str:
    """HTML of samples (see `Material.samples`), data set by data set; the first set open."""
    by_set: dict[str, list[Mapping]] = {}
    for sample in samples:
        by_set.setdefault(sample["dataset"], []).append(sample)
    parts = []
    for at, (dataset, group) in enumerate(by_set.items()):
        cards = "".join(_sample(sample) for sample in group)
        opened = " open" if at == 0 else ""
        summary = f"<summary>{page.text(labels.pair(dataset))}</summary>"
        parts.append(f"<details{opened}>{summary}{cards}</details>")
    return f"<h3>Sentences side by side</h3>{''.join(parts)}" if parts else ""


def _sample(sample: Mapping) -> str:
    source, target = sample["source_language"], sample["target_language"]
    cells = [
        ("Source", sample["source"], source),
        ("Reference", sample["reference"], target),
        *((labels.model_id(name), output, target) for name, output in sample["outputs"].items()),
    ]
    inner = "".join(
        f"<div><h4>{page.text(name)}</h4>{page.spoken(content, language)}</div>"
        for name, content, language in cells
    )
    return f'<div class="sample">{inner}</div>'
