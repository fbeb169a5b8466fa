"""Results of lm-evaluation-harness as it wrote them down become scores, without it."""

import json

import numpy as np
import pytest

from babelmerge.evaluation import statistics
from babelmerge.evaluation.harness import running, scoring

ASKED = {"include": None, "shots": 0, "limit": 40, "chat": False}
RIGHT = {"a": [n % 3 == 0 for n in range(20)], "b": [n % 4 == 0 for n in range(20)]}


def sample(number, filter_="none", **metrics):
    """One item as the harness logs it, with the choices that it compares."""
    return {
        "doc_id": number,
        "doc": {"question": f"q{number}"},
        "target": number % 2,
        "arguments": [(f"q{number}", " yes"), (f"q{number}", " no")],
        "resps": [[(-1.5, False)], [(-2.0, False)]],
        "filtered_resps": [(-1.5, False), (-2.0, False)],
        "filter": filter_,
        "metrics": list(metrics),
        "doc_hash": "0",
        **metrics,
    }


def results(name="a", **metrics):
    """As `simple_evaluate` gives them for a task, or for the group `both` of a and b."""
    values = {"a": np.mean(RIGHT["a"]), "b": np.mean(RIGHT["b"])}
    scores = {task: {"acc,none": v, "acc_stderr,none": 0.1} for task, v in values.items()}
    scores["both"] = {"acc,none": np.mean(list(values.values())), "acc_stderr,none": 0.07}
    tasks = ("a", "b") if name == "both" else (name,)
    told = {
        task: {"name": task, "alias": task, "sample_len": 20, **scores[task]} for task in scores
    }
    told[name] |= metrics
    return {
        "results": {task: told[task] for task in (*tasks, name)},
        "group_subtasks": {"both": ["a", "b"]} if name == "both" else {},
        "versions": {"a": 1.0, "b": 2.0, "both": "N/A"},
        "n-shot": {"a": 0, "b": 0},
        "higher_is_better": {task: {"acc": True, "ppl": False} for task in (*tasks, name)},
        "n-samples": {task: {"original": 20, "effective": 20} for task in tasks},
        "samples": {
            task: [sample(n, acc=float(right)) for n, right in enumerate(RIGHT[task])]
            for task in tasks
        },
    }


def scored(found, name="a", **options):
    facts, rows = running.recorded(found, name, ASKED, "0.4.13")
    facts, rows = json.loads(json.dumps(facts)), json.loads(json.dumps(rows))  # as on disk
    return scoring.score(facts, rows, **options)


def test_a_mean_of_items_has_our_interval_and_all_that_a_rerun_needs():
    scores, items = scored(results(), seed=7)
    acc = scores["metrics"]["acc"]
    low, high = statistics.bootstrap_ci(np.array(RIGHT["a"], float), seed=7)
    assert (acc["value"], acc["low"], acc["high"]) == (7 / 20, low, high)
    assert acc["signature"] == (
        "lm_eval:0.4.13|task:a|version:1.0|metric:acc,none|shots:0|limit:40|chat:no"
        "|interval:bootstrap"
    )
    assert acc["share"] and acc["higher_is_better"] and scores["n"] == 20
    assert list(items["acc"]) == RIGHT["a"] and list(items["id"]) == [str(n) for n in range(20)]


def test_a_group_of_equal_tasks_is_the_mean_of_all_items():
    scores, items = scored(results("both"), "both")
    assert scores["metrics"]["acc"]["value"] == pytest.approx(items["acc"].mean())
    assert list(items["task"]) == ["a"] * 20 + ["b"] * 20
    assert "|shots:mixed|" in scores["metrics"]["acc"]["signature"]


def test_a_group_that_weighs_its_tasks_keeps_the_harness_s_value_and_error():
    found = results("both")
    found["results"]["both"] |= {"acc,none": 0.9, "acc_stderr,none": 0.1}
    scores, items = scored(found, "both")
    acc = scores["metrics"]["acc"]
    assert acc["value"] == 0.9 and "acc" not in items and not acc["share"]
    assert acc["low"] == pytest.approx(0.9 - 1.959964 * 0.1, abs=1e-6)
    assert acc["signature"].endswith("|interval:normal")


def test_scores_that_are_no_means_and_filters_stand_under_their_own_names():
    pairs = {"ppl,none": 12.5, "ppl_stderr,none": "N/A", "acc,strict": 0.5, "acc_stderr,strict": 0}
    found = results(**pairs)
    for number, one in enumerate(found["samples"]["a"]):
        one.update(ppl=(-3.0, 4), metrics=["acc", "ppl"])
        assert one["doc_id"] == number
    found["samples"]["a"] += [sample(n, "strict", acc=float(n % 2)) for n in range(20)]
    scores, items = scored(found)
    assert list(scores["metrics"]) == ["acc", "ppl", "acc,strict"]
    ppl = scores["metrics"]["ppl"]
    assert (ppl["value"], ppl["low"], ppl["higher_is_better"]) == (12.5, None, False)
    assert ppl["signature"].endswith("|interval:none")
    assert list(items.columns) == ["task", "id", "acc", "acc,strict"] and len(items) == 20


def test_a_value_that_is_no_number_is_none():
    scores, _ = scored(results(**{"acc,none": float("nan")}))
    assert scores["metrics"]["acc"]["value"] is None
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_results_without_a_score_are_refused():
    found = results()
    found["results"]["a"] = {"name": "a", "alias": "a"}
    with pytest.raises(ValueError, match="a: lm-evaluation-harness gave no score"):
        scored(found)


def test_items_come_back_as_they_were_written(tmp_path):
    _, items = scored(results())
    items["acc"] += 1 / 3
    scoring.write_items(tmp_path / "items.tsv", items)
    back = scoring.read_items(tmp_path / "items.tsv")
    assert back.equals(items)


def test_what_json_has_no_word_for_is_written_down_all_the_same():
    found = results()
    found["samples"]["a"][0] |= {"target": np.int64(3), "acc": np.float32(1)}
    _, rows = running.recorded(found, "a", ASKED, "0.4.13")
    assert rows[0]["reference"] == 3 and rows[0]["metrics"] == {"acc": 1.0}
    assert rows[0]["output"] == [[-1.5, False], [-2.0, False]]
    assert rows[0]["continuations"] == [" yes", " no"]
