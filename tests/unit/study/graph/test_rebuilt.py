"""What a change of the adapters study builds again: counted in its plan, by what each job reads."""

import json
from functools import cache

from places import STUDIES

from babelmerge.study.grammar import study
from babelmerge.study.grammar import yaml as study_yaml
from babelmerge.study.graph import data, merge, train
from babelmerge.study.plan import expand
from babelmerge.study.plan.types import Plan, Trained

ADAPTERS = STUDIES / "adapters.yaml"
TASKS = ("sentiment", "reasoning", "summarization")


def planned(change=lambda study: None) -> Plan:
    tree = study_yaml.load_tree(ADAPTERS).data
    change(tree)
    return expand.expand(study.from_tree(study_yaml.Tree(str(ADAPTERS), tree)))


def reads(plan: Plan) -> dict[str, str]:
    """Of each file of rows, adapter and merge all that it is made from, down to the corpora."""
    made = {
        data.split_file(plan, dataset, split): (data.settings(plan, dataset, split), [])
        for dataset, entry in plan.datasets.items()
        for split in entry.splits
    }
    for model, entry in plan.models.items():
        file = train.model_file(plan, model)
        if isinstance(entry.source, Trained):
            found = train.inputs(plan, model)
            made[file] = train.settings(plan, model), [found["start"], *found["train"]]
        elif model in plan.merges:
            own = plan.merges[model]
            members = [train.model_file(plan, m) for m in own.members]
            made[file] = merge.recipe_settings(plan, own.group, own.method), members
        else:
            made[file] = train.taken_settings(plan, model), []

    @cache
    def all_of(file: str) -> str:
        settings, inputs = made[file]
        return json.dumps([settings, [all_of(one) for one in inputs]], default=str)

    return {file: all_of(file) for file in made}


def rebuilt(plan: Plan, kind: str) -> set[str]:
    """Ids of the models of a kind that are made otherwise than in the study as it is shipped."""
    before, after = reads(planned()), reads(plan)
    files = {model.id: train.model_file(plan, model.id) for model in plan.of_kind(kind).values()}
    return {model for model, file in files.items() if before.get(file) != after[file]}


def groups(merges: set[str]) -> set[str]:
    return {merge_id.split("/")[1] for merge_id in merges}


def test_a_sixth_language_trains_its_three_adapters_and_rebuilds_the_merges_that_hold_it():
    def spanish(tree):
        tree["languages"].append("es")
        tree["codes"]["wikilingua"]["es"] = "spanish"

    plan = planned(spanish)
    assert rebuilt(plan, "base") == set()
    assert rebuilt(plan, "expert") == {f"experts/{task}-es" for task in TASKS}
    assert rebuilt(plan, "joint") == {f"joint/{task}" for task in TASKS}, "what merging spares"
    merges = rebuilt(plan, "merge")
    modern = {merge.model for merge in plan.merges_of("sentiment-modern")}
    assert groups(merges - modern) == {*TASKS, "multitask-all", "multitask-each"}, "no cluster"
    assert modern < merges
    assert len(merges) == 3 * len(plan.merges_of("sentiment")) + len(modern) + 2


def test_an_update_trains_one_adapter_and_rebuilds_its_one_merge():
    def more(tree):
        tree["tasks"]["more-sentiment"]["train"]["size"] = 10_000

    plan = planned(more)
    assert rebuilt(plan, "expert") == {"experts/sentiment-en-updated"}
    assert rebuilt(plan, "joint") == rebuilt(plan, "base") == set()
    assert rebuilt(plan, "merge") == {"merges/sentiment-updated/ties-0.5"}


def test_nothing_changed_builds_nothing():
    plan = planned()
    kinds = ("base", "expert", "joint", "merge")
    assert not any(rebuilt(plan, kind) for kind in kinds)
