"""The report's chapter on what models write: how often it fails as such, and samples."""

from collections.abc import Mapping, Sequence

from babelmerge.analysis.outputs import findings, samples
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

READ = (
    "A score says how far outputs are from references. Here is what they are: copies of their "
    "source, loops, numbers, another language, nothing."
)


def outputs(parts: Parts, shown: Sequence[Mapping] = ()) -> str:
    """Faults by system, then sentences side by side. shown: as `samples.read` gives them."""
    table = parts.frame("outputs")
    if table.empty:
        return ""
    body = page.paragraphs([READ]) + page.bullets(findings.most(table, parts.study["directions"]))
    body += parts.table("outputs")
    return body + samples.side_by_side(shown)
