"""Experts that learnt nothing: no retention, and the report says so first."""

import math

import made_up_study
import pandas as pd
import pytest
from made_up_report import scored

from babelmerge.analysis.scores import findings, retention
from babelmerge.analysis.scores import model_findings as models
from babelmerge.analysis.scores.question import question
from babelmerge.analysis.scores.retention_tables import retention_summary, retention_table
from babelmerge.display.chapters import Parts
from babelmerge.evaluation import metrics

WORDS = "the cat sees a dog and the man sells two hats here today".split()
TEXTS = [" ".join(WORDS[n % 5 :] + WORDS[: n % 5]) + f" {n}" for n in range(20)]
FACTS = {"group": "g", "method": "m", "model": "merges/g/m", "dataset": "t/a-b"}
TRAINED = {"steps": 10, "batch_size": 16, "rows": 1000, "learning_rate": 1e-3, "last_loss": 6.931}


def sentences(outputs, metric="bleu", texts=TEXTS):
    _, table = metrics.score("translation", outputs, texts, target_language="en", metrics=[metric])
    return table[metric]


NOISE = ["the x"] * len(TEXTS)  # words without an n-gram
HALF = [text.replace("man sells", "boy has") for text in TEXTS]


@pytest.mark.parametrize(
    ("expert", "base", "why"),
    [
        (TEXTS, HALF, ""),
        (TEXTS, None, ""),
        (HALF, TEXTS, "base"),  # worse
        (HALF, HALF, "base"),  # the same
        ([*TEXTS[:5], *HALF[5:]], HALF, "base"),  # five better answers of twenty: no test
        ([""] * len(TEXTS), None, "floor"),
    ],
)
def test_an_expert_has_learnt_where_it_is_significantly_above_the_base(expert, base, why):
    rows = [None if outputs is None else sentences(outputs) for outputs in (expert, base)]
    assert retention.unlearnt("bleu", *rows) == why


def test_a_score_that_any_text_may_have_is_nothing():
    rows = sentences([text.split()[0] if n else text for n, text in enumerate(TEXTS)])
    value = metrics.aggregate("bleu")(rows.sum(axis=0))
    assert 0 < value < 1 and retention.unlearnt("bleu", rows, None) == "floor"


def test_on_too_few_sentences_a_higher_score_is_believed():
    few = [sentences(outputs[:3], texts=TEXTS[:3]) for outputs in (TEXTS, HALF)]
    assert (
        retention.unlearnt("bleu", *few) == "" and retention.unlearnt("bleu", *few[::-1]) == "base"
    )


def test_metrics_of_mistakes_tell_of_no_learning():
    assert retention.unlearnt("off_target", sentences(TEXTS, "off_target"), None) == ""


def test_there_is_no_retention_of_an_expert_that_learnt_nothing(tmp_path):
    files = {}
    for name, outputs in {"base": HALF, "expert": HALF, "merged": TEXTS}.items():
        files[name] = str(tmp_path / f"{name}.tsv")
        metrics.write_sentences(files[name], {"bleu": sentences(outputs)})
    (row,) = retention.compare(FACTS | files)
    assert row["unlearnt"] == "base" and all(
        math.isnan(row[k]) for k in ("retention", "low", "high")
    )
    assert row["p_base"] < 0.05 and row["drop"] < 0
    case = {"expert": "experts/a-b", "dataset": "t/a-b", "value": files["expert"]}
    (row,) = retention.learnt(case | {"base": files["base"]})
    assert tuple(row) == retention.LEARNT and row["unlearnt"] == "base"


def learning(*unlearnt, metric="bleu"):
    rows = [
        (f"experts/{code}-en", f"translation/{code}-en", metric, 0.3, 0.5, 50, why)
        for code, why in zip(("hi", "bn", "ta"), unlearnt, strict=False)
    ]
    return pd.DataFrame(rows, columns=list(retention.LEARNT))


def test_that_all_experts_learnt_nothing_is_said_with_what_they_were_given():
    found = scored(learning=learning("floor", "base"))
    (said,) = models.learning(found, {f"experts/{code}-en": TRAINED for code in ("hi", "bn")})
    assert said == (
        "No expert has surely learnt anything, so that what merges keep cannot be told: on their "
        "own test sets they score 0.50 BLEU where the base has 0.30. That is below 1 BLEU, which "
        "any text may score, or not significantly above the base. They were trained for 10 steps "
        "of 16 sequences on 1,000 rows at a learning rate of 0.001 and 6.93 at last. That may "
        "be too little: try more steps, more data or a higher learning rate, or a base that knows "
        "the languages. Some score above the base: larger test sets may tell that from chance."
    )
    (said,) = models.learning(scored(learning=learning("base").assign(value=0.2)), {})
    assert "larger test sets" not in said


def test_some_experts_are_named_and_counted():
    found = scored(learning=learning("", "base", ""))
    (said,) = models.learning(found, {})
    assert said.startswith("On 1 of 3 own test sets the expert has not surely learnt anything: Exp")
    assert "not significantly above" in said and "1 BLEU" not in said and "taken in" in said
    assert models.learning(scored(learning=learning("", "", "")), {}) == []


def kept(unlearnt):
    """Retention of a study, without that of the first test sets' experts."""
    table = made_up_study.retention(made_up_study.scores())
    gone = table["dataset"].isin(unlearnt)
    nothing = {name: table[name].mask(gone) for name in ("retention", "low", "high")}
    return table.assign(**nothing, unlearnt=gone.map({True: "base", False: ""}))


def test_means_leave_out_and_count_them():
    table = kept(["translation/hi-en"])
    first, said = findings.overall(scored(retention=table))
    assert "experts' BLEU on average" in first
    assert said == "Left out, as their experts learnt nothing: 2 of 16 test sets of groups."
    shown = retention_table(table, "bleu", ["many-to-one"])
    assert [row.cells[-2].text for row in shown.rows[:4]] == ["–"] * 4
    assert "learnt nothing" in shown.note and "10 sentences" in shown.note
    assert "left out" in retention_summary(table, "bleu").note


def test_the_reports_first_sentence_says_it():
    every = made_up_study.datasets(("hi", "bn", "ta", "te"))
    table = kept([dataset for sets in every for dataset in sets])
    facts = {"metrics": ["bleu"], "families": made_up_study.groups(), "description": "D"}
    long = {("scores",): made_up_study.scores(), ("learning",): learning("base", "base", "floor")}
    long |= {("retention", name): part for name, part in table.groupby("group", sort=False)}
    warned = facts | {"chosen_on_test": ["points of sweeps"]}
    content = question(Parts(warned, long))
    assert content.startswith('<ul class="warnings"><li>No expert has surely learnt')
    assert content.index("points of sweeps were chosen on the test rows") < content.index(
        "<p>D</p>"
    )
    assert "%" not in content.split("In short")[1]


def test_what_could_not_be_tested_is_counted():
    table = made_up_study.retention(made_up_study.scores()).assign(
        p_base=math.nan, p_expert=math.nan
    )
    said = findings.against_base(scored(retention=table))
    total = int((table["metric"] == "bleu").sum())
    assert said == [
        f"No test against the base for {total} and against the expert for {total} of {total} "
        "merged scores: a test needs 10 sentences, and 6 on which the two score differently."
    ]
    few = made_up_study.scores().assign(n=3)
    assert "8 of 8 test sets have fewer than 10" in models.few_sentences(scored(scores=few))[0]
    assert models.few_sentences(scored()) == []


CHOICES = [[{"text": label} for label in ("no", "yes")]] * 40


def right(number):
    """Sentence statistics of so many right answers of forty."""
    outputs, references = ["yes"] * number + ["no"] * (40 - number), ["yes"] * 40
    asked = {"metrics": ["accuracy"], "choices": CHOICES}
    return metrics.score("classification", outputs, references, **asked)[1]


@pytest.mark.parametrize(
    ("number", "chance", "why"),
    [(40, 0.5, ""), (30, 0.5, ""), (23, 0.5, "chance"), (20, 0.5, "chance"), (23, None, "")],
)
def test_an_expert_has_learnt_where_its_interval_is_above_chance(number, chance, why):
    assert retention.unlearnt("accuracy", right(number)["accuracy"], None, chance) == why


def test_chance_is_what_a_test_set_scores_without_a_model(tmp_path):
    rows = pd.DataFrame(
        [
            {"dataset": "t/en", "baseline": name, "metric": "accuracy", "value": value}
            for name, value in (("words", 0.9), ("majority", 0.5))
        ]
    )
    rows.to_csv(tmp_path / "trivial.tsv", sep="\t", index=False)
    metrics.write_sentences(tmp_path / "own.tsv", right(22))
    case = {"expert": "experts/en", "dataset": "t/en", "value": str(tmp_path / "own.tsv")}
    told = {row["metric"]: row["unlearnt"] for row in retention.learnt(case)}
    assert told == {"accuracy": "", "unread": ""}
    case["chance"] = str(tmp_path / "trivial.tsv")
    told = {row["metric"]: row["unlearnt"] for row in retention.learnt(case)}
    assert told == {"accuracy": "chance", "unread": ""}
