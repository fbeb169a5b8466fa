"""The report's chapter on merges along training, and of more and more models."""

from babelmerge.analysis.progress import figures, findings
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

HEADINGS = {"along": "Along training", "growing": "More and more models"}


def progress(parts: Parts) -> str:
    """What merges score at each step that was kept, and with each further model."""
    scores, body = parts.frame("scores"), ""
    for what, heading in HEADINGS.items():
        shown = [one for one in parts.study["shown"] if one["what"] == what]
        if not shown:
            continue
        body += f"<h3>{heading}</h3>"
        for one in shown:
            body += page.bullets(findings.sentences(scores, one))
            caption = figures.CAPTIONS[what].format(units="languages")
            body += chapters.drawn(parts, [(what, one["name"])], caption)
    return body
