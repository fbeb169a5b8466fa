"""The report's chapter on the question, and the answer in short."""

from babelmerge.analysis.scores import findings, scored
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

QUESTION = (
    "The question: can experts that were fine-tuned apart be merged into one model in weight "
    "space, without training again, and how much of each expert is left?"
)


def question(parts: Parts) -> str:
    """What is asked, and the answer in short."""
    short = []
    if parts.study["metric"]:
        found = scored.of(parts)
        short = [
            *findings.overall(found),
            *findings.asymmetry(found),
            " ".join(findings.against_base(found)),
            *findings.joint(found),
        ]
    body = page.paragraphs([parts.study.get("description", "")]) + page.paragraphs([QUESTION])
    if any(short):
        body += f'<div class="answer"><h3>In short</h3>{page.bullets(short)}</div>'
    if parts.study.get("reference"):
        body += page.paragraphs([f"Reference: {parts.study['reference']}."])
    return body
