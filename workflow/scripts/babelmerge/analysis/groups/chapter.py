"""The report's chapter on ablations: groups that are merged from the same data sets' experts."""

from babelmerge.analysis.groups import findings
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

INTRODUCTION = (
    "Other groups over the same data sets, each beside the merge of the main group by the same "
    "method: with an expert that was trained on more data, with some of the experts, with experts "
    "of other tasks."
)
MOST_OPEN = 30  # rows of a table that is shown unfolded


def ablations(parts: Parts) -> str:
    """Direction by direction what the further groups give."""
    rows = _training_rows(parts)
    body = ""
    for name, datasets in parts.study["directions"].items():
        table = parts.frame("groups", name)
        if table.empty:
            continue
        told = parts.study["changes"][name]
        metric = parts.study["metrics"][name]
        said = list(findings.changes(table, told, datasets, metric, rows))
        body += chapters.heading("Groups", name, {"": table[table["dataset"] != ""]})
        box = parts.table("ablations", name)
        many = box.count('scope="row"') > MOST_OPEN
        body += (
            page.bullets(said) if not many else page.details("Group by group", page.bullets(said))
        )
        body += page.details("All groups", box) if many else box
    return page.paragraphs([INTRODUCTION]) + body if body else ""


def _training_rows(parts: Parts) -> dict[str, float]:
    """Data set -> number of its training rows."""
    sizes = parts.frame("sizes")
    if "train" not in sizes:
        return {}
    pairs = zip(sizes["dataset"], sizes["train"], strict=True)
    return {dataset: float(count) for dataset, count in pairs if count}
