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
    every = scored.each(parts)
    least = [sentence for found in every for sentence in findings.worst(found)]
    faults = [sentence for found in every[:1] for sentence in models.faults(found)]
    body = page.paragraphs([*least, *faults])
    body += parts.tables_of("lowest")
    scores = parts.frame("scores")
    told = [fault.failed for fault in metrics.faults(scores["metric"] if len(scores) else ())]
    shares = parts.tables_of("rates")
    body += page.details(f"Share of {' or '.join(told)}", shares)
    return body + samples.side_by_side(shown)
