"""The report on scores: sentences that follow from numbers, chapters that survive gaps."""

import dataclasses

import made_up_report
import made_up_study
import pandas as pd
import pytest
from made_up_report import Page, scored

from babelmerge.analysis.scores import chapter, failures, findings, matrix
from babelmerge.analysis.scores import model_findings as models
from babelmerge.analysis.scores.question import question
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts
from babelmerge.evaluation.sweeps.figures import sweep_figure

INTO, OUT = made_up_study.datasets(("hi", "bn", "ta", "te"))
DIRECTIONS = {"xx-en": INTO, "en-xx": OUT}
CHAPTERS = (question, chapter.experts, chapter.merges, failures.failures)


def parts(study=None, scores=None, retention=None, **more):
    """Parts of a chapter from long tables."""
    facts = {"metrics": ["bleu"], "families": made_up_study.groups(), "directions": DIRECTIONS}
    facts |= {"chosen_on_test": [], "swept_on": "dev"} | (study or {})
    long = {("scores",): made_up_study.scores() if scores is None else scores}
    if retention is not None:
        long |= {("retention", name): part for name, part in retention.groupby("group", sort=False)}
    return Parts(facts, long | more.pop("long", {}), **more)


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Parts of a study that has everything."""
    scores = made_up_study.scores()
    retention = made_up_study.retention(scores)
    swept = made_up_study.sweeps()["many-to-one"]
    one = matrix.score_matrix(scores, INTO)
    drawn = {
        ("matrix", "xx-en", "bleu"): one,
        ("matrix", "en-xx", "bleu"): one,
        ("overview", "bleu"): one,
        ("retention", "many-to-one", "bleu"): one,
        ("sweeps", "many-to-one", "bleu"): sweep_figure(swept),
    }
    names = [("retention", ""), ("retention-summary", ""), ("own-scores", ""), ("lowest", "")]
    names += [("scores", "many-to-one"), ("rates", "many-to-one")]
    return parts(
        retention=retention,
        long={("sweep", "many-to-one", name): table for name, table in swept.items()},
        figures=made_up_report.saved(tmp_path_factory.mktemp("figures"), drawn),
        tables={key: f"<p>table {' '.join(key)}</p>" for key in names},
    )


def test_the_question_is_answered_in_short(full):
    asked = dataclasses.replace(
        full, study={**full.study, "reference": "P <1>", "description": "D"}
    )
    content = question(asked)
    Page(content)
    for sentence in findings.overall(
        scored(retention=made_up_study.retention(made_up_study.scores()))
    ):
        assert page.text(sentence) in content
    assert "<p>D</p><p>The question:" in content and "Reference: P &lt;1&gt;." in content
    assert "In short" not in question(Parts({"metrics": [], "chosen_on_test": []}))


def test_each_task_is_answered_in_its_own_metric(full):
    """A study whose tasks have different metrics tells what merges keep of each."""
    both = dataclasses.replace(full, study={**full.study, "metrics": ["bleu", "chrf"]})
    for make in CHAPTERS:
        content = make(both)
        assert "BLEU" in content and "chrF" in content
    for word in ("BLEU", "chrF"):
        assert question(both).count(f"of the experts&#x27; {word} on average") == 1


def test_experts_and_merges_show_their_figures_and_tables(full):
    content = chapter.experts(full)
    assert content.count("<svg") == 2 and content.endswith("<p>table own-scores </p>")
    told = made_up_report.captions(content)
    assert (
        told[0].startswith("XX → English. BLEU of every") and told[1] == "English → XX. As before."
    )
    content = chapter.merges(full)
    told = made_up_report.captions(content)
    assert told[0].startswith("Share of the experts' BLEU".replace("'", "&#x27;"))
    assert told[1].startswith("many-to-one. Share of the expert") and len(told) == 3
    order = [
        content.index(f"<p>table {name}<") for name in ("retention-summary ", "scores many-to-one")
    ]
    assert order == sorted(order) and "Every merge on every test set" in content
    assert "How merges were chosen" in content and "Sweeps, group by group" in content
    Page(content)


def test_what_merges_keep_is_not_drawn_where_no_expert_learnt_anything(full):
    drawn = chapter.merges(full).count("<svg")
    nothing = {
        key: frame.assign(retention=float("nan")) if key[0] == "retention" else frame
        for key, frame in full.long.items()
    }
    shown = chapter.merges(dataclasses.replace(full, long=nothing))
    assert shown.count("<svg") == drawn - 2 and "table retention-summary" in shown


def test_failures_show_sentences_side_by_side(full):
    content = failures.failures(full, made_up_study.samples())
    assert "<p>table lowest </p>" in content and "<p>table rates many-to-one</p>" in content
    assert "Sentences side by side" in content
    Page(content)


@pytest.mark.parametrize(
    "study",
    [
        {},
        {"families": {"many-to-one": made_up_study.groups()["many-to-one"]}},
        {"families": {}},
        {"metrics": ["chrf"]},
        {"metrics": ["accuracy"]},
        {"metrics": ["bleu", "chrf"]},
    ],
)
def test_chapters_from_scores_alone(study):
    for make in CHAPTERS:
        Page(make(parts(study)))


@pytest.mark.parametrize("kinds", [["base"], ["expert"], ["merge"], ["base", "expert", "merge"]])
def test_kinds_of_models_may_be_missing(kinds):
    scores = made_up_study.scores()
    retention = made_up_study.retention(scores)
    retention = retention.assign(joint=float("nan")) if "merge" in kinds else None
    some, own = scores[scores.kind.isin(kinds)], {("own-scores", ""): "<p>own</p>"}
    given = parts(scores=some, retention=retention, tables=own)
    text = " ".join(word for make in CHAPTERS for word in Page(make(given)).text)
    assert "nan" not in text.lower().replace("finance", "") and "Joint training reaches" not in text
    assert bool(chapter.experts(given)) == ("expert" in kinds)
    assert bool(chapter.merges(given)) == bool(failures.failures(given)) == ("merge" in kinds)


def kept(rows, **facts):
    """A retention table from (group, method, dataset, retention, low, high)."""
    columns = ["group", "method", "dataset", "retention", "low", "high"]
    frame = pd.DataFrame(rows, columns=columns)
    frame = frame.assign(
        metric="bleu", expert=50.0, base=10.0, joint=40.0, p_base=0.9, p_expert=0.001, unlearnt=""
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
    (said,) = findings.overall(scored(retention=kept(rows), families=families))
    assert said == (
        "“many-to-one” merges keep 46% of the experts' BLEU on average, where the base alone has "
        "20% (best: TIES, 51%) and “one-to-many” merges 19%, the base 20% (best: TIES, 20%; "
        "interval overlaps with DARE)."
    )


def test_the_base_is_told_where_it_was_scored_and_of_what_counts():
    """Its mean is over the test sets that merges' means are over."""
    rows = [("g", "ties", f"t/{pair}", 0.5, 0.4, 0.6) for pair in ("hi-en", "bn-en")]
    table = kept(rows).assign(base=[10.0, 40.0])
    (said,) = findings.overall(scored(retention=table, families={"g": {"g": []}}))
    assert "where the base alone has 50%" in said
    gone = table.assign(retention=table["retention"].where(table["base"] < 20))
    assert (
        "the base alone has 20%"
        in findings.overall(scored(retention=gone, families={"g": {"g": []}}))[0]
    )
    unknown = table.assign(base=float("nan"))
    (said,) = findings.overall(scored(retention=unknown, families={"g": {"g": []}}))
    assert said == "“g” merges keep 50% of the experts' BLEU on average."


def test_asymmetry_is_hedged_when_intervals_overlap():
    apart = [("g", "ties", "t/hi-en", 0.6, 0.55, 0.65), ("g", "ties", "t/en-hi", 0.2, 0.15, 0.25)]
    (said,) = findings.asymmetry(scored(retention=kept(apart)))
    assert "60% into English, 20% from English, 3.0 times as much" in said
    close = [("g", "ties", "t/hi-en", 0.6, 0.3, 0.9), ("g", "ties", "t/en-hi", 0.5, 0.2, 0.8)]
    (said,) = findings.asymmetry(scored(retention=kept(close)))
    assert "chance" in said and "times" not in said


def test_of_what_is_the_same_nothing_is_best():
    """Merges that keep nothing: no method is the best, and no direction may be so by chance."""
    rows = [("g", m, d, 0.0, 0.0, 0.0) for m in ("ties", "dare") for d in ("t/hi-en", "t/en-hi")]
    found = scored(retention=kept(rows), families={"g": {"g": []}})
    assert findings.overall(found) == [
        "“g” merges keep 0% of the experts' BLEU on average, where the base alone has 20%."
    ]
    assert findings.asymmetry(found) == [
        "By direction, merges keep the same, 0%, into English and from English."
    ]


def test_points_lost_say_of_which_test_sets_they_are():
    rows = [("g", "ties", "t/hi-en", 0.6, 0.5, 0.7), ("g", "ties", "t/bn-en", 0.2, 0.1, 0.3)]
    found = scored(retention=kept(rows), families={"g": {"g": []}})
    (said,) = findings.interference(found)
    assert said == "From expert to merge, BLEU drops by 30.0 points (g), on average."
    some = kept(rows).assign(unlearnt=["", "base"])
    (said,) = findings.interference(scored(retention=some, families={"g": {"g": []}}))
    assert "20.0 points (g), on average of the test sets of which the expert learnt" in said


def test_merges_that_gain_are_not_said_to_drop():
    rows = [("g", "ties", "t/hi-en", 1.2, 1.1, 1.3), ("h", "ties", "t/en-hi", 0.5, 0.4, 0.6)]
    families = {"g": {"g": []}, "h": {"h": []}}
    (said,) = findings.interference(scored(retention=kept(rows), families=families))
    told = "BLEU drops by 25.0 points (h) and rises by 10.0 points (g), on average."
    assert said == f"From expert to merge, {told}"


def test_a_change_that_rounds_to_nothing_is_not_said_to_drop_or_rise():
    shares = {"f": 1.0, "g": 1.0004, "h": 0.9996, "i": 0.5}
    rows = [(group, "ties", "t/hi-en", share, 0.4, 1.2) for group, share in shares.items()]
    families = {group: {group: []} for group in shares}
    (said,) = findings.interference(scored(retention=kept(rows), families=families))
    told = "BLEU drops by 25.0 points (i) and stays the same (f), (g) and (h), on average."
    assert said == f"From expert to merge, {told}"


def test_counts_against_base_and_expert():
    rows = [("g", m, "t/hi-en", share, 0, 1) for m, share in (("a", 0.1), ("b", 0.5), ("c", 0.3))]
    frame = kept(rows).assign(p_base=[0.01, 0.01, 0.5])
    said = " ".join(findings.against_base(scored(retention=frame)))
    assert "Of 3 merged scores in BLEU, significantly above the base's: 1, below it: 1, not" in said
    assert "below the expert's own score: 3 of 3" in said


def test_joint_and_worst_and_published():
    rows = [("g", "ties", "t/hi-en", 0.6, 0.5, 0.7), ("h", "dare", "t/en-hi", 0.1, 0.0, 0.2)]
    found = scored(retention=kept(rows))
    assert "80% of the experts' BLEU" in findings.joint(found)[0]
    assert findings.worst(found)[0].startswith("“h” keeps least of BLEU on average (10%)")
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
    (said,) = findings.published(scored(published=published))
    assert said == "The published BLEU scores (P) imply retention of 25% (many-to-one)."


def test_experts_that_score_zero_do_not_break_the_story():
    rows = [("many-to-one", "ties", "translation/hi-en", float("inf"), float("nan"), float("nan"))]
    found = scored(retention=kept(rows).assign(expert=0.0))
    assert "cannot be told" in findings.overall(found)[0]
    Page(question(parts(retention=kept(rows).assign(expert=0.0))))


def test_expert_sentences_count_transfer():
    said = " ".join(models.experts(scored()))
    assert "mean of 8" in said and "of 12 cases" in said


def test_sweeps_at_the_edge_and_copies_are_told():
    table = made_up_study.sweep({"weight": [0.1, 0.2, 0.3]}, ["translation/hi-en"])
    table["selected"] = [False, True, False]
    inner = " ".join(models.sweeps([table], "dev"))
    assert inner.startswith("1 sweep scored 2 different") and "edge" not in inner
    table["selected"] = [False, False, True]
    assert "In 1 of 1 sweep the" in " ".join(models.sweeps([table], "dev"))
