"""The report's chapter on what fails, and where."""

from collections.abc import Mapping, Sequence

from babelmerge.analysis.scores import findings, samples, scored
from babelmerge.analysis.scores import model_findings as models
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts


def failures(parts: Parts, shown: Sequence[Mapping] = ()) -> str:
    """Where merges lose most: test sets, languages, and sentences. shown: as `samples.read`."""
    found = scored.of(parts)
    body = page.paragraphs([*findings.worst(found), *models.off_target(found)])
    body += parts.tables_of("lowest")
    shares = parts.tables_of("off-target")
    body += page.details("Share of outputs in another language than asked for", shares)
    return body + samples.side_by_side(shown)
