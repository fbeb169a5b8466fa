"""Experts that begin at states of a common model, and groups that are aligned: plan and graph."""

import pytest
from small_studies import SMALL, made

from babelmerge.study.grammar import study
from babelmerge.study.graph import evaluate, live, merge, progress, scores, train
from babelmerge.study.plan import expand as plan

JOINT = "joint: {all: {of: translation, checkpoints: [4]}}\n"
BRANCHES = "{of: joint/all, at: [2, 4], units: [hi-en, bn-en]}"
GROUP = "{members: {each: branch, of: pairs}, methods: {linear: {}}, keep: false}"


def text(branches=BRANCHES, group=GROUP, more=JOINT):
    changed = SMALL.replace("{each: translation}", f"{{each: translation, branches: {branches}}}")
    return changed.replace("[hi-en, bn-en]\n", f"{group}\n", 1) + more


def plain(group):
    return SMALL.replace("  many-to-one: [hi-en, bn-en]", f"  many-to-one: {group}")


def refused(asked):
    with pytest.raises(study.StudyError) as caught:
        made(asked)
    return str(caught.value)


def test_a_branch_begins_at_a_kept_state_and_has_the_steps_that_remain():
    expanded = made(text())
    branch = expanded.models["experts/hi-en@from-2"]
    own = expanded.models["experts/hi-en"].source
    assert branch.source.start == "joint/all@2" and branch.source.training["steps"] == 8
    assert branch.source.datasets == own.datasets and own.start == "base"
    assert {**branch.source.training, "steps": 10} == own.training
    assert branch.evaluate == branch.datasets and not branch.finished and not branch.live
    # The common model keeps what is begun at, beside what it keeps anyway, and is tested on that.
    assert expanded.models["joint/all"].source.kept == (2, 4)
    assert expanded.models["joint/all@2"].evaluate == ()
    assert expanded.models["joint/all@4"].evaluate != ()
    assert expanded.owner("translation/hi-en") == "experts/hi-en"
    assert [m for m in expanded.models if "from-" in m] == [
        f"experts/{pair}@from-{step}" for pair in ("hi-en", "bn-en") for step in (2, 4)
    ]


def test_branches_are_tested_on_those_of_their_own_that_are_named():
    named = BRANCHES.replace("}", ", evaluate: [translation/hi-en, translation/en-bn]}")
    tested = {m.id: m.evaluate for m in made(text(named)).models.values() if "from-" in m.id}
    assert tested["experts/hi-en@from-2"] == ("translation/hi-en",)
    assert tested["experts/bn-en@from-2"] == ()
    assert "experts.pairs.branches.evaluate: found 'x'" in refused(
        text(BRANCHES.replace("}", ", evaluate: x}"))
    )


def test_groups_of_branches_begin_with_the_experts_from_the_base():
    expanded = made(text())
    assert {name: group.members for name, group in expanded.groups.items()} == {
        "many-to-one-0": ("experts/hi-en", "experts/bn-en"),
        "many-to-one-2": ("experts/hi-en@from-2", "experts/bn-en@from-2"),
        "many-to-one-4": ("experts/hi-en@from-4", "experts/bn-en@from-4"),
    }
    plan.check_built(expanded, {"translation"}, {"linear", "ties"})


def test_only_what_begins_elsewhere_trains_anew():
    with_, without = made(text()), made(SMALL + JOINT)
    assert train.inputs(with_, "experts/hi-en@from-4")["start"] == train.model_file(
        with_, "joint/all@4"
    )
    assert "joint/all@4" in train.pattern({"made": with_}, train.KEPT)
    for model in ("experts/hi-en", "experts/en-bn"):
        assert train.settings(with_, model) == train.settings(without, model)
        assert train.inputs(with_, model) == train.inputs(without, model)
    fewer = made(text("{of: joint/all, at: [4], units: [hi-en, bn-en]}"))
    for model in [m for m in fewer.models if "from-" in m]:
        assert train.settings(fewer, model) == train.settings(with_, model)


def test_scores_of_branches_are_in_no_table_of_experts():
    expanded = made(text())
    rows = scores.index(expanded)
    assert not [row for row in rows if "from-" in row["model"]]
    written = [row for row in rows if "file" not in row]
    assert len(written) == len(evaluate.score_files(expanded))


def test_the_curve_is_over_the_share_of_training_in_common():
    expanded = made(text())
    told = progress.branching(expanded)["many-to-one"]
    assert told["groups"] == {"many-to-one-0": 0, "many-to-one-2": 0.2, "many-to-one-4": 0.4}
    cases = progress.branching_settings(expanded, "many-to-one")["cases"]
    assert [case["share"] for case in cases] == [0, 0.2, 0.4]
    assert "hi-en@from-4/translation/hi-en" in cases[2]["files"]["expert"]["translation/hi-en"]
    assert "scores/joint/all/" in cases[2]["files"]["joint"]["translation/hi-en"]
    needed = progress.branching_inputs(expanded, "many-to-one")["sentences"]
    assert live.file(expanded, "many-to-one") in needed
    assert ("branching", "many-to-one") in progress.chapter(expanded).tables
    assert progress.branching(made(SMALL)) == {}


@pytest.mark.parametrize(
    ("branches", "found"),
    [
        ("{of: joint/al, at: [2]}", "'joint/al'; expected a joint model or expert"),
        ("{of: joint/all, at: [10]}", "step 10; expected steps from 1 to 9"),
        ("{of: base, at: [2]}", "'base'; expected a joint model or expert"),
        ("{of: joint/all, at: []}", "branches.at"),
    ],
)
def test_branches_that_begin_nowhere_are_refused(branches, found):
    told = refused(text(branches))
    assert "experts.pairs.branches" in told and found in told


def test_branches_need_steps_and_whole_models():
    epochs = text().replace("steps: 10", "epochs: 1")
    assert "epochs; expected steps, of which some are left" in refused(epochs)
    lora = text().replace("batch_size: 4", "batch_size: 4, method: lora, lora: {r: 2, alpha: 4}")
    assert "method: lora; expected steps" in refused(lora.replace(", checkpoints: [4]", ""))
    assert "no branch; expected experts with branches" in refused(plain(GROUP))


def test_a_group_says_what_its_members_are_aligned_to():
    for asked, found, told in (("bn-en", "experts/bn-en", "experts/bn-en"), ("base", "base", True)):
        group = f"{{members: [pairs], align: {asked}, methods: {{linear: {{}}}}}}"
        expanded = made(plain(group))
        assert expanded.groups["many-to-one"].align == found
        assert merge.recipe_settings(expanded, "many-to-one", "linear")["align"] == told
        assert merge.unreached(expanded, "many-to-one") == [merge.ADAPTERS]
    usual = made(SMALL)
    assert "align" not in merge.recipe_settings(usual, "many-to-one", "ties")


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("align: en-hi", "'en-hi'; expected base, or one of experts/hi-en"),
        ("align: hi-em", "'hi-em'"),
        ("align: base, methods: {fisher: {}}", "fisher, which reads fisher statistics"),
        ("align: base, methods: {knots: {density: 1}}", "knots, which reads factors of adapters"),
        (
            "align: base, methods: {linear: {backend: mergekit, semantics: mergekit}}",
            "backend: mergekit, which does not align",
        ),
    ],
)
def test_what_cannot_be_aligned_is_refused(more, found):
    assert found in refused(plain(f"{{members: [hi-en, bn-en], {more}}}"))
    lora = SMALL.replace("batch_size: 4", "batch_size: 4, method: lora, lora: {r: 2, alpha: 4}")
    group = "{members: [hi-en, bn-en], align: base, methods: {linear: {}}}"
    told = refused(lora.replace("many-to-one: [hi-en, bn-en]", f"many-to-one: {group}"))
    assert "experts/hi-en, an adapter, whose units are the base's" in told
