"""Scores against sacreBLEU's own interface and command line; tables that carry everything."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from babelmerge.evaluation import metrics, statistics

REFERENCES = [
    "The cat sat on the mat, and the dog barked at it.",
    "Two merged models (of four) cannot translate 3.5 languages!",
    'She said: "It\'s raining."',
    "What are the children reading this evening?",
    "बच्चे किताब पढ़ रहे हैं।",
    "He came home.",
]
OUTPUTS = [
    "The cat sat on a mat and the dog barked.",
    "Two models cannot translate 3.5 languages",
    "She said: It is raining.",
    "",
    "बच्चे किताब पढ़ते हैं |",
    "He came home.",
]
SCORERS = {
    "bleu": lambda **k: BLEU(tokenize="13a", **k),
    "bleu_intl": lambda **k: BLEU(tokenize="intl", **k),
    "chrf": CHRF,
    "chrf++": lambda **k: CHRF(word_order=2, **k),
}
ALL = tuple(SCORERS)
LANGUAGES = ("en", "hi")


def _score(outputs=OUTPUTS, references=REFERENCES, **options):
    options = {"metrics": ALL, "candidates": LANGUAGES, **options}
    options = {"target_language": "en", **options}
    return metrics.score("translation", outputs, references, **options)


def _corpus(n, seed=0):
    words = "a the cat dog house reads sees big small book and with under tree he she .".split()
    generator = np.random.default_rng(seed)
    references = [" ".join(generator.choice(words, generator.integers(5, 25))) for _ in range(n)]
    outputs = [
        " ".join(w if generator.random() < 0.8 else generator.choice(words) for w in r.split())
        for r in references
    ]
    return outputs, references


@pytest.mark.parametrize("name", ALL)
def test_values_and_signatures_are_sacrebleus_to_the_last_digit(name):
    for outputs, references in ((OUTPUTS, REFERENCES), _corpus(60), ([""], ["a"]), (["x"], [""])):
        scorer = SCORERS[name]()
        expected = scorer.corpus_score(outputs, [references]).score
        found = _score(outputs, references)[0]["metrics"][name]
        assert found["value"] == expected
        assert found["signature"] == scorer.get_signature().format()


@pytest.mark.parametrize("name", ALL)
def test_several_references_are_sacrebleus_too(name):
    several = [[r, r.replace("the", "a"), "The " + r] for r in REFERENCES]
    streams = [list(stream) for stream in zip(*several, strict=True)]
    scorer = SCORERS[name]()
    expected = scorer.corpus_score(OUTPUTS, streams).score
    found = _score(references=several)[0]["metrics"][name]
    assert found["value"] == expected
    assert found["signature"] == scorer.get_signature().format()
    assert "nrefs:3" in found["signature"]


def test_the_command_line_agrees(tmp_path):
    for name, texts in (("out", OUTPUTS), ("ref", REFERENCES)):
        (tmp_path / name).write_text("".join(t + "\n" for t in texts), encoding="utf-8")
    command = "-m sacrebleu ref -i out -m bleu chrf --chrf-word-order 2 -w 6 -tok 13a".split()
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    found = _score()[0]["metrics"]
    for theirs, name in zip(json.loads(done.stdout), ("bleu", "chrf++"), strict=True):
        assert theirs["score"] == round(found[name]["value"], 6)
        assert theirs["signature"] == found[name]["signature"]


def test_signatures_are_the_published_ones():
    found = _score()[0]["metrics"]
    assert found["bleu"]["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|")
    assert found["bleu_intl"]["signature"].startswith("nrefs:1|case:mixed|eff:no|tok:intl|")
    assert found["chrf"]["signature"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|")
    assert found["chrf++"]["signature"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|")


def test_a_spaced_danda_costs_points_in_13a_only():
    reference, output = ["आपने ५.५ किताबें नहीं पढ़ी थीं।"], ["आपने ५.५ किताबें नहीं पढ़ी थीं ।"]
    options = {"target_language": "hi", "metrics": ("bleu", "bleu_intl")}
    found = metrics.score("translation", output, reference, **options)[0]
    assert found["metrics"]["bleu_intl"]["value"] == pytest.approx(100)
    assert found["metrics"]["bleu"]["value"] < 90


def test_off_target_counts_empty_outputs_and_sets_undecided_ones_apart():
    outputs = ["A cat.", "बिल्ली", "", "1945"]
    found, table = _score(outputs, ["A cat."] * 4, metrics=())
    assert table["off_target"].tolist() == [[0, 1], [1, 1], [1, 1], [0, 0]]
    assert found["metrics"]["off_target"]["value"] == 2 / 3
    assert found["metrics"]["off_target"]["undecided"] == 1
    undecided = _score(["1"], ["1"])[0]["metrics"]["off_target"]
    assert (undecided["value"], undecided["low"], undecided["high"]) == (None, None, None)


def test_result_is_plain_json_with_intervals_around_the_values():
    outputs, references = _corpus(80)
    found, _ = _score(outputs, references, resamples=500, confidence=0.9, seed=7)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["n"] == 80
    assert found["interval"] == {"resamples": 500, "confidence": 0.9, "seed": 7}
    assert list(found["metrics"]) == [*ALL, "off_target"]
    for name in ALL:
        entry = found["metrics"][name]
        assert entry["low"] < entry["value"] < entry["high"]
    assert _score(outputs, references, resamples=500, confidence=0.9, seed=7)[0] == found


def test_interval_agrees_with_sacrebleus_bootstrap():
    outputs, references = _corpus(200)
    found = _score(outputs, references, metrics=("bleu",), resamples=2000)[0]["metrics"]["bleu"]
    theirs = BLEU().corpus_score(outputs, [references], n_bootstrap=2000)
    assert (found["high"] - found["low"]) / 2 == pytest.approx(theirs._ci, rel=0.1)


def test_everything_follows_from_the_sentence_table(tmp_path):
    found, table = _score()
    path = tmp_path / "deep" / "scores.sentences.tsv"
    metrics.write_sentences(path, table)
    back = metrics.read_sentences(path)
    assert list(back) == list(table)
    assert all((back[name] == table[name]).all() for name in table)
    signatures = {name: entry["signature"] for name, entry in found["metrics"].items()}
    assert metrics.summarise(back, signatures) == found
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert len(path.read_text().splitlines()) == 1 + len(OUTPUTS)


def test_a_sentence_table_of_other_columns_is_refused(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("bleu.output_length\tcomet.score\n1\t2\n")
    with pytest.raises(ValueError, match="x.tsv.*'bleu'.*score the outputs again"):
        metrics.read_sentences(path)


@pytest.mark.parametrize("name", ALL)
def test_paired_bootstrap_on_tables_finds_a_planted_difference_and_no_other(name):
    outputs, references = _corpus(120)
    better = [r if i % 3 == 0 else o for i, (o, r) in enumerate(zip(outputs, references))]  # noqa: B905
    other, _ = _corpus(120, seed=0)
    tables = [_score(o, references, resamples=10)[1] for o in (better, outputs, other)]
    aggregate = metrics.aggregate(name)
    planted = statistics.paired_bootstrap(tables[0][name], tables[1][name], aggregate)
    assert planted.p < 0.01 and planted.difference_low > 0 and planted.ratio_low > 1
    value = SCORERS[name]().corpus_score(better, [references]).score
    assert planted.a == pytest.approx(value, abs=1e-9)
    same = statistics.paired_bootstrap(tables[1][name], tables[2][name], aggregate)
    assert math.isnan(same.p), "nothing differs, so there is nothing to test"


@pytest.mark.parametrize(
    ("outputs", "references", "message"),
    [
        (["a"], ["a", "b"], "1 outputs, 2 references"),
        ([], [], "no outputs"),
        (["a", None], ["a", "b"], "output 1 is None"),
        (["a", "b"], ["a", None], "references of sentence 1"),
        (["a", "b"], [["a", "b"], ["a"]], "references of sentence 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(outputs, references, message):
    with pytest.raises(ValueError, match=message):
        _score(outputs, references)


def test_unknown_metrics_and_kinds_are_refused():
    with pytest.raises(ValueError, match="'comet'.*bleu"):
        _score(metrics=("comet",))
    with pytest.raises(ValueError, match="'poetry'.*translation"):
        metrics.score("poetry", OUTPUTS, REFERENCES)
    with pytest.raises(ValueError, match="'text'.*translation"):
        metrics.score("text", OUTPUTS, REFERENCES)


def test_a_kind_says_what_is_scored_when_nothing_is_named():
    found = metrics.score("translation", OUTPUTS, REFERENCES, target_language="en")[0]
    assert list(found["metrics"]) == ["bleu", "chrf", "chrf++", "off_target"]


def test_all_resamples_are_scored_at_once():
    rows, asked = np.random.default_rng(0).integers(1, 30, size=(1012, 24)), []

    def chrf(sums):
        asked.append(sums.shape)
        return statistics.chrf(sums)

    statistics.bootstrap_ci(rows, 1000, 0, 0.95, chrf)
    assert asked == [(1000, 24)]
