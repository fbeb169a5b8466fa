"""The report's chapter on what fails, and where, with choices of models side by side."""

from collections.abc import Mapping, Sequence

from babelmerge.analysis.outputs import samples
from babelmerge.analysis.scores import findings, scored
from babelmerge.analysis.scores import model_findings as models
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts
from babelmerge.words import metrics


def failures(parts: Parts, shown: Sequence[Mapping] = ()) -> str:
    """Where merges lose most: test sets, languages, and sentences. shown: as `samples.read` has."""
    found = scored.of(parts)
    body = page.paragraphs([*findings.worst(found), *models.faults(found)])
    body += parts.tables_of("lowest")
    told = [fault.failed for fault in metrics.faults(found.scores["metric"])]
    shares = parts.tables_of("rates")
    body += page.details(f"Share of {' or '.join(told)}", shares)
    return body + samples.side_by_side(shown)
