"""The report's chapter on merges along training, of more and more models, and of branches."""

from babelmerge.analysis.progress import figures, findings
from babelmerge.analysis.progress.branching import told
from babelmerge.display import chapters, labels
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

BRANCHES = (
    "Models that begin at a state of one common model instead of at the base, and go on apart, "
    "each on its own language for the steps that remain."
)
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
    return body + _branching(parts)


def _branching(parts: Parts) -> str:
    """What training in common gives, family by family."""
    body = ""
    for family in parts.study.get("branching", {}):
        table = parts.frame("branching", family)
        if table.empty:
            continue
        body += f"<h3>After common training: {page.text(labels.group(family))}</h3>"
        body += page.paragraphs([BRANCHES]) + page.bullets(findings.branching(told(table)))
        body += chapters.drawn(parts, [("branching", family)], figures.BRANCHING)
        body += parts.table("branching", family)
    return body
