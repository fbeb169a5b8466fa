"""The report's chapter on what is scored beside the study's own tasks."""

from babelmerge.analysis.forgetting import findings
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts


def forgetting(parts: Parts) -> str:
    """What models forget: a sentence and a table a benchmark."""
    told = findings.forgetting(parts.named("forgetting"))
    return page.bullets(told) + parts.tables_of("forgetting")
