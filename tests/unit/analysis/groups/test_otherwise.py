"""The same experts merged otherwise: beside which merge they stand, and what is said of them."""

import numpy as np
import pytest
from small_studies import SMALL, made

from babelmerge.analysis.groups import comparing, findings
from babelmerge.evaluation import metrics
from babelmerge.files.long_tables import read_long
from babelmerge.study.graph import ablations, groups
from babelmerge.study.graph.beside import relations

GROUPS = """  many-to-one:
    members: [hi-en, bn-en]
    methods: {linear: {}, task_arithmetic: {weight: 0.5}}
  aligned: {members: [hi-en, bn-en], align: bn-en, methods: {linear: {}}, keep: false}
  spherical: {members: [hi-en, bn-en], methods: {karcher: {}, multislerp: {}}, keep: false}
"""
SHARES = {"own": 0.9, "aligned": 0.6, "karcher": 0.7}


@pytest.fixture(scope="module")
def plan():
    return made(SMALL.replace("  many-to-one: [hi-en, bn-en]\n", GROUPS))


@pytest.fixture(scope="module")
def long(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sentences")
    cfg = groups.settings(plan, "xx-en") | {"metrics": ["accuracy"], "metric": "accuracy"}
    for at, line in enumerate(cfg["lines"]):
        share = SHARES.get(line["name"], SHARES.get(line.get("method"), 0.5))
        for number, dataset in enumerate(line["files"]):
            hard = np.random.default_rng([3, number]).random(300)
            table = {"accuracy": np.stack([hard < share, np.ones(300)], axis=1).astype(int)}
            line["files"][dataset] = str(folder / f"{at}.{number}.tsv")
            metrics.write_sentences(line["files"][dataset], table)
    cfg["test"] = {"resamples": 100, "confidence": 0.95, "seed": 0}
    comparing.compare(cfg, []).to_csv(folder / "groups.tsv", sep="\t", index=False)
    return read_long(folder / "groups.tsv")


def test_a_group_that_is_not_written_stands_beside_the_main_one_if_it_is_alone(plan):
    assert relations.main(plan, "xx-en") == "many-to-one"
    assert relations.further(plan, "xx-en") == ["aligned", "spherical"]
    assert {relations.relation(plan, "many-to-one", g) for g in ("aligned", "spherical")} == {
        relations.SAME
    }
    changes = {one["name"]: one for one in ablations.chapter(plan).study["changes"]["xx-en"]}
    assert changes["aligned"]["align"] == "experts/bn-en"
    assert changes["spherical"]["beside"] == ["linear", "task_arithmetic"]


def test_a_method_that_the_main_group_lacks_is_set_beside_its_first(plan, long):
    mean = long[(long["dataset"] == "") & (long["against"] == "main")].set_index("method")
    assert mean.loc["karcher", "value"] == pytest.approx(0.2, abs=0.05)
    assert mean.loc["linear", "value"] == pytest.approx(0.1, abs=0.05)
    told = ablations.chapter(plan).study["changes"]["xx-en"]
    datasets = groups.shown(plan, "xx-en")["datasets"]
    said = list(findings.changes(long, told, datasets, "accuracy", {}))
    assert "aligned: the same experts, their neurons and heads first matched to those of" in said[0]
    assert "By Linear, accuracy differs by +" in said[0]
    assert "By Karcher mean, accuracy differs from that by Linear by +" in said[1]


def test_how_near_the_best_comes_to_the_experts_is_told_by_numbers(long):
    (said,) = findings.otherwise(long, "accuracy")
    assert "(spherical, Karcher mean) scores 7" in said
    share = int(said.rpartition(": ")[2].partition("%")[0])
    assert 45 <= share <= 55  # from .5 to .9, .7 is half
    without = long[long["relation"] != "same"]
    assert list(findings.otherwise(without, "accuracy")) == []
