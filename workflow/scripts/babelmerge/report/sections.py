"""The chapters of the report: each a function from the material to a `Section`, or None.

`report.SECTIONS` puts them in order. A chapter says what it shows in sentences computed by
`report_findings`; what is missing from the material is left out, never guessed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from babelmerge.analysis.scores import findings, samples
from babelmerge.analysis.scores import model_findings as models
from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.analysis.scores import tables as wide
from babelmerge.display import html as page
from babelmerge.display.material import Material, Section
from babelmerge.words import labels, languages

KINDS = {
    "base": ("base", "bases"),
    "expert": ("expert", "experts"),
    "joint": ("joint model", "joint models"),
    "merge": ("merge", "merges"),
    "baseline": ("baseline", "baselines"),
}
CAPTIONS = {
    "matrix": (
        "{label} of every model that was trained (rows) on the test sets of one direction "
        "(columns). Framed: an expert's own test set; the cells beside it in its row show what it "
        "does in languages it was not trained on. Small numbers: share of outputs in another "
        "language than asked for, when 5% or more. Hatched: not evaluated."
    ),
    "overview": (
        "Share of the experts' {label} that merges keep, group by group. Large markers: mean over "
        "the group's test sets; faint dots: single test sets."
    ),
    "bars": (
        "Share of the expert's {label} that each method keeps on the expert's own test set, with "
        "95% intervals of a paired bootstrap. Black line: the base's level; a bar that ends left "
        "of it is worse than no fine-tuning at all. Dashes: the joint model. 100%: the expert."
    ),
    "sweep": (
        "Mean {label} on dev of every point of each method's grid. Ringed: the selected "
        "point. Thick lines: mean; thin lines: single dev sets. '=' marks a point that forms the "
        "same model as another. Rising towards the ring at an edge: the grid may be too small."
    ),
    "training": (
        "Loss against steps. Faint: on training text; with markers: on held-out text, where it was "
        "measured. A gap that widens between the two points to overfitting."
    ),
}


def question(material: Material) -> Section | None:
    """What is asked, and the answer in short; of models that are only looked at another section."""
    if material.inspected.get("shown"):
        return None
    study = material.study
    short = [
        *findings.overall(material),
        *findings.asymmetry(material),
        " ".join(findings.against_base(material)),
        *findings.joint(material),
    ]
    body = page.paragraphs([study.get("description", "")])
    body += page.paragraphs(
        [
            "The question: can experts that were fine-tuned apart be merged into one model in "
            "weight space, without training again, and how much of each expert is left?"
        ]
    )
    if any(short):
        body += f'<div class="answer"><h3>In short</h3>{page.bullets(short)}</div>'
    if study.get("reference"):
        body += page.paragraphs([f"Reference: {study['reference']}."])
    return Section("question", "The question", body)


def setup(material: Material) -> Section | None:
    """Languages, models, data, cost, decoding, metrics."""
    if material.inspected.get("shown"):
        return None
    study, kinds = material.study, Counter(material.scores.drop_duplicates("model")["kind"])
    names = dict(study.get("language_names", {}))
    spoken = [names.get(code, languages.name(code)) for code in study.get("languages", ())]
    counted = [_count(kinds[kind], *words) for kind, words in KINDS.items() if kind in kinds]
    facts = [
        ("Languages", labels.listing(spoken)),
        ("Models", labels.listing(counted)),
        ("Base", study.get("base")),
        ("Prompt", study.get("prompt")),
        ("Decoding", page.plain(study.get("generation", {}))),
        ("Selection of merges", page.plain(study.get("selection", {}))),
        ("Tests and intervals", page.plain(study.get("evaluation", {}))),
        ("Seed", study.get("seed")),
    ]
    body = page.facts(facts) + page.facts(wide.signatures(material))
    body += _boxes(wide.sizes(material), wide.training(material))
    curves = _figures(material, "training", lambda name: "", "training")
    body += page.details("Loss over training", curves)
    return Section("setup", "Set-up", body)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def experts(material: Material) -> Section | None:
    """What fine-tuning gave, and what it did to other languages."""
    if not (material.scores["kind"] == "expert").any():
        return None
    body = page.paragraphs(models.experts(material))
    body += _figures(material, "matrix-", _direction, "matrix")
    return Section("experts", "Experts", body + _boxes(wide.own_scores(material)))


def merges(material: Material) -> Section | None:
    """What merges keep: overview, families one by one, sweeps."""
    if not (material.scores["kind"] == "merge").any():
        return None
    body = page.paragraphs([*findings.interference(material), *findings.published(material)])
    body += _figures(material, "retention-overview", lambda name: "", "overview")
    body += _figures(material, "retention", _retained, "bars", but="retention-overview")
    if not material.kept.empty:
        body += _tables(material, retention_summary=tables.retention_summary)
    for family, groups in material.families.items():
        body += "".join(_score_tables(material, family, groups, material.shown))
    if not material.kept.empty:
        full = _tables(material, retention=tables.retention_table)
        body += page.details("Every merge on every test set, with intervals and tests", full)
    return Section("merges", "Merges", body + _sweeps(material))


def _direction(name: str) -> str:
    """'XX → English.' from matrix-xx-en."""
    sides = name.removeprefix("matrix-").split("-")
    names = ["XX" if code == "xx" else languages.name(code) for code in sides]
    return f"{f' {labels.ARROW} '.join(names)}. "


def _retained(name: str) -> str:
    family = name.removeprefix("retention").removeprefix("-")
    return f"{labels.group(family)}. " if family else ""


def _swept(name: str) -> str:
    return f"{labels.group(name.removeprefix('sweeps-'))}. "


def _tables(material: Material, **makers) -> str:
    """Tables of the retention table, each with its download."""
    boxes = []
    for name, make in makers.items():
        name = name.replace("_", "-")
        boxes.append(
            page.table_box(make(material.kept, material.metric), material.tables.get(name))
        )
    return "".join(boxes)


def _score_tables(material: Material, family: str, groups: Mapping, metrics) -> Iterator[str]:
    """One table for a family of one group, one a metric for several, as the paper has them."""
    datasets = [name for members in groups.values() for name in members]
    there = material.scores[material.scores["dataset"].isin(datasets)]
    there = set(there.loc[there["kind"] == "merge", "metric"])
    metrics = [key for key in metrics if key in there]
    parts = [metrics] if len(groups) == 1 else [[key] for key in metrics]
    for part in filter(None, parts):
        table = tables.score_table(material.scores, family, groups, part, material.published)
        names = [f"scores-{family}"] if len(groups) == 1 else []
        names.append(f"scores-{family}-{'-'.join(part)}")
        path = next((material.tables[name] for name in names if name in material.tables), None)
        yield page.table_box(table, path)


def _sweeps(material: Material) -> str:
    drawn = _figures(material, "sweeps-", _swept, "sweep")
    sentences = models.sweeps(material)
    if not sentences and not drawn:
        return ""
    folded = page.details("Sweeps, group by group", drawn)
    return f"<h3>How merges were chosen</h3>{page.paragraphs(sentences)}{folded}"


def failures(material: Material) -> Section | None:
    """Where merges lose most: test sets, languages, and sentences."""
    body = page.paragraphs([*findings.worst(material), *models.off_target(material)])
    body += _boxes(wide.lowest(material))
    if (material.scores["metric"] == "off_target").any():
        shares = [
            box
            for family, groups in material.families.items()
            for box in _score_tables(material, family, groups, ["off_target"])
        ]
        body += page.details("Share of outputs in another language than asked for", "".join(shares))
    body += samples.side_by_side(material.samples)
    return Section("failures", "What fails, and where", body) if body else None


def reproducibility(material: Material) -> Section:
    """Warnings, versions, provenance, configuration."""
    body = ""
    if material.warnings:
        body += f"<h3>Warnings</h3>{page.bullets(material.warnings, 'warnings')}"
    body += page.facts(material.versions.items()) + page.facts(material.provenance.items())
    seeds = {facts.get("seed") for facts in material.training.values()} - {None}
    if seeds:
        body += page.paragraphs([f"Training seeds: {labels.listing(map(str, sorted(seeds)))}."])
    body += page.details("Configuration of the study", page.code(material.configuration))
    return Section("reproducibility", "Reproducibility", body)


def _boxes(*found) -> str:
    return "".join(page.table_box(table) for table in found if table is not None)


def _figures(
    material: Material, prefix: str, lead: Callable[[str], str], caption: str, but: str = ""
) -> str:
    """Figures whose names start so, side by side where there is room.

    lead: what tells a figure from its neighbours; what they have in common is said at the first.
    """
    names = [name for name in material.figures if name.startswith(prefix) and name != but]
    told = CAPTIONS[caption].format(label=material.label)
    drawn = [
        page.figure(material.figures[name], lead(name) + (told if at == 0 else "As before."), name)
        for at, name in enumerate(names)
    ]
    return f'<div class="figures">{"".join(drawn)}</div>' if drawn else ""
