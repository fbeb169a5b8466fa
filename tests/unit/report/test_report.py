"""The report: one file, nothing fetched, sentences that follow from numbers, gaps survived."""

import dataclasses
import re
from html.parser import HTMLParser

import made_up_study
import pandas as pd
import pytest
from made_up_report import STUDY, bare

from babelmerge.analysis.scores import findings
from babelmerge.analysis.scores import matrix as figures
from babelmerge.analysis.scores import model_findings as models
from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.display import html as report_html
from babelmerge.report import report
from babelmerge.report.report import Material, Section

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Checks that tags nest; collects ids, links, languages and text."""

    def __init__(self, content):
        super().__init__()
        self.open, self.ids, self.links, self.languages, self.text = [], [], [], set(), []
        self.feed(content)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.languages |= {given["lang"]} if "lang" in given else set()
        self.links += [
            given[key] for key in ("href", "src", "xlink:href", "action") if key in given
        ]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    scores = made_up_study.scores()
    retention = made_up_study.retention(scores)
    into, out = made_up_study.datasets(("hi", "bn", "ta", "te"))
    made = {
        "matrix-xx-en": figures.score_matrix(scores, into),
        "matrix-en-xx": figures.score_matrix(scores, out),
        "retention": figures.retention_bars(retention, "bleu", ["many-to-one"]),
        "sweeps-many-to-one": figures.sweep_figure(made_up_study.sweeps()["many-to-one"]),
        "training": figures.training_curves({"base": made_up_study.curve()}),
    }
    paths = {name: figures.save(fig, folder / name, ("svg",))[0] for name, fig in made.items()}
    summary = tables.write_table(tables.retention_summary(retention, "bleu"), folder / "summary")
    return Material(
        study=STUDY | {"prompt": "{source_language}\n{source}", "generation": {"dtype": "float32"}},
        families=made_up_study.groups(),
        scores=scores,
        retention=retention,
        sizes={name: {"train": 6000, "test": 200} for name in into + out},
        training=made_up_study.training(),
        sweeps=made_up_study.sweeps(),
        samples=made_up_study.samples(),
        figures=paths,
        tables={"retention-summary": summary[0]},
        warnings=["ties: <weights> cancel"],
        configuration="title: Made up\n",
        versions={"torch": "2.13"},
    )


def test_one_file_that_fetches_nothing(material, tmp_path):
    path = report.write_report(tmp_path / "new" / "report.html", material)
    content = path.read_text(encoding="utf-8")
    page = Page(content)
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    assert all(link.startswith(("#", "data:")) for link in page.links)
    for outside in (
        "<script",
        "<link",
        "<img",
        "@import",
        "http:",
        "url(http",
        "<?xml",
        "<!DOCTYPE svg",
    ):
        assert outside not in content, outside
    assert content.count("<svg") == len(material.figures)
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {name.split(")")[0] for name in re.findall(r"url\(#([^)]*\))", content)} <= set(page.ids)


def test_contents_tell_the_story_in_order(material):
    page = Page(report.render(material))
    anchors = [link[1:] for link in page.links if link.startswith("#")][:6]
    assert anchors == ["question", "setup", "experts", "merges", "failures", "reproducibility"]


def test_same_material_same_page(material):
    assert report.render(material) == report.render(material)


def test_samples_carry_their_languages_and_are_escaped(material):
    nasty = {
        "dataset": "translation/en-ar",
        "source_language": "en",
        "target_language": "ar",
        "source": "<script>alert(1)</script>",
        "reference": "مرحبا",
        "outputs": {"experts/en-ar": "</div>", "merges/g/ties": "  "},
    }
    content = report.render(dataclasses.replace(material, samples=[*material.samples, nasty]))
    assert {"en", "hi", "bn", "ta", "te", "ar"} <= Page(content).languages
    assert "<script" not in content and "&lt;script&gt;" in content
    assert 'lang="ar" dir="rtl"' in content and "(nothing)" in content
    assert "&lt;weights&gt;" in content


def test_samples_of_a_group_stand_under_its_heading(material):
    sample = material.samples[0] | {"group": "many-to-one"}
    content = report.render(dataclasses.replace(material, samples=[*material.samples, sample]))
    assert "<summary>Many-to-one: Hindi → English</summary>" in content
    assert "<h4>TIES</h4>" in content and "<h4>TIES, many-to-one</h4>" in content


def test_extra_sections_come_before_the_last(material):
    extra = Section("neurons", "Neurons", "<p>None were harmed.</p>")
    page = Page(report.render(dataclasses.replace(material, extra=[extra])))
    anchors = [link for link in page.links if link.startswith("#")]
    assert anchors[5:7] == ["#neurons", "#reproducibility"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"families": {"many-to-one": made_up_study.groups()["many-to-one"]}},
        {"families": {}},
        {"study": STUDY | {"metric": "chrf"}},
        {"study": {"name": "x", "metric": "accuracy"}},
    ],
)
def test_a_page_from_scores_alone(changes):
    Page(report.render(bare(**changes)))


@pytest.mark.parametrize("kinds", [["base"], ["expert"], ["merge"], ["base", "expert", "merge"]])
def test_kinds_of_models_may_be_missing(kinds):
    scores = made_up_study.scores()
    retention = made_up_study.retention(scores)
    retention = retention.assign(joint=float("nan")) if "merge" in kinds else pd.DataFrame()
    material = bare(scores=scores[scores.kind.isin(kinds)], retention=retention)
    text = " ".join(Page(report.render(material)).text)
    assert "nan" not in text.lower().replace("finance", "") and "Joint training reaches" not in text


def test_study_facts_that_are_needed():
    with pytest.raises(ValueError, match="metric.*name"):
        bare(study={"name": "x"})


def kept(rows, **facts):
    """A retention table from (group, method, dataset, retention, low, high)."""
    columns = ["group", "method", "dataset", "retention", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(
        metric="bleu", expert=50.0, base=10.0, joint=40.0, p_base=0.9, p_expert=0.001
    )
    frame = frame.assign(merged=50 * frame.retention, drop=50 * (1 - frame.retention), **facts)
    frame["model"] = "merges/" + frame.group + "/" + frame.method
    return frame


def test_overall_finding_names_means_and_the_best():
    rows = [
        ("many-to-one", "ties", "translation/hi-en", 0.51, 0.50, 0.52),
        ("many-to-one", "dare", "translation/hi-en", 0.41, 0.40, 0.42),
        ("one-to-many", "ties", "translation/en-hi", 0.20, 0.15, 0.25),
        ("one-to-many", "dare", "translation/en-hi", 0.18, 0.13, 0.23),
    ]
    families = {"many-to-one": {"many-to-one": []}, "one-to-many": {"one-to-many": []}}
    (said,) = findings.overall(bare(retention=kept(rows), families=families))
    assert said == (
        "Many-to-one merges keep 46% of the experts' BLEU on average (best: TIES, 51%) and "
        "one-to-many merges 19% (best: TIES, 20%; interval overlaps with DARE)."
    )


def test_asymmetry_is_hedged_when_intervals_overlap():
    apart = [("g", "ties", "t/hi-en", 0.6, 0.55, 0.65), ("g", "ties", "t/en-hi", 0.2, 0.15, 0.25)]
    (said,) = findings.asymmetry(bare(retention=kept(apart)))
    assert "60% into English, 20% from English, 3.0 times as much" in said
    close = [("g", "ties", "t/hi-en", 0.6, 0.3, 0.9), ("g", "ties", "t/en-hi", 0.5, 0.2, 0.8)]
    (said,) = findings.asymmetry(bare(retention=kept(close)))
    assert "chance" in said and "times" not in said


def test_counts_against_base_and_expert():
    rows = [("g", m, "t/hi-en", share, 0, 1) for m, share in (("a", 0.1), ("b", 0.5), ("c", 0.3))]
    frame = kept(rows).assign(p_base=[0.01, 0.01, 0.5])
    said = " ".join(findings.against_base(bare(retention=frame)))
    assert "Of 3 merged scores, significantly above the base's: 1, below it: 1, not" in said
    assert "below the expert's own score: 3 of 3" in said


def test_joint_and_worst_and_published():
    rows = [("g", "ties", "t/hi-en", 0.6, 0.5, 0.7), ("h", "dare", "t/en-hi", 0.1, 0.0, 0.2)]
    material = bare(retention=kept(rows))
    assert "80% of the experts' BLEU" in findings.joint(material)[0]
    assert findings.worst(material)[0].startswith("H keeps least on average (10%)")
    published = pd.DataFrame(
        [
            ("expert", "hi-en", "", "many-to-one", "translation/hi-en", "bleu", 40.0, "P Table 1"),
            ("merge", "", "ties", "many-to-one", "translation/hi-en", "bleu", 10.0, "P Table 1"),
        ],
        columns=[
            "model_kind",
            "expert",
            "method",
            "family",
            "dataset",
            "metric",
            "value",
            "source",
        ],
    )
    (said,) = findings.published(bare(published=published))
    assert said == "The published scores imply retention of 25% many-to-one (P)."


def test_experts_that_score_zero_do_not_break_the_story():
    rows = [("many-to-one", "ties", "translation/hi-en", float("inf"), float("nan"), float("nan"))]
    material = bare(retention=kept(rows).assign(expert=0.0))
    assert "could be computed" in findings.overall(material)[0]
    Page(report.render(material))


def test_expert_sentences_count_transfer():
    said = " ".join(models.experts(bare()))
    assert "mean of 8" in said and "of 12 cases" in said


def test_sweeps_at_the_edge_and_copies_are_told():
    table = made_up_study.sweep({"weight": [0.1, 0.2, 0.3]}, ["translation/hi-en"])
    table["selected"] = [False, True, False]
    inner = " ".join(models.sweeps(bare(sweeps={"g": {"ties": table}})))
    assert inner.startswith("1 sweep scored 2 different") and "edge" not in inner
    table["selected"] = [False, False, True]
    assert "In 1 of 1 sweep the" in " ".join(models.sweeps(bare(sweeps={"g": {"ties": table}})))


def test_an_inlined_figure_keeps_its_colours_and_refers_to_its_own_ids():
    svg = (
        '<svg width="72pt" height="36pt"><defs><pattern id="h1"><rect fill="#e4e4e4"/></pattern>'
        '</defs><use xlink:href="#m1"/><path id="m1" style="fill: url(#h1); stroke: #bdbdbd"/>'
        "</svg>"
    )
    inlined, width = report_html.inline_svg(svg, "one", "a figure")
    assert width == 96 and 'fill="#e4e4e4"' in inlined and "stroke: #bdbdbd" in inlined
    for part in ('id="one-h1"', 'href="#one-m1"', 'id="one-m1"', "url(#one-h1)"):
        assert part in inlined
