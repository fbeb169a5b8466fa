"""Which models make a line along training, and of more and more models."""

from small_studies import SMALL, made

from babelmerge.study.graph import progress

GROUPS = """
  along: {members: {each: checkpoint, of: pairs}, methods: {linear: {}}, keep: false}
  growing: {members: {prefixes: pairs}, methods: {linear: {}}, evaluate: translation}
"""
JOINT = "joint: {all: {of: translation, checkpoints: [4, 8]}}\n"


def plan_of(text=SMALL):
    kept = "{each: translation, checkpoints: [4, 8], checkpoint_evaluate: []}"
    text = text.replace("{each: translation}", kept)
    return made(text.replace("  many-to-one: [hi-en, bn-en]\n", GROUPS) + JOINT)


def test_lines_along_training_are_of_merges_and_of_joint_models_at_the_same_steps():
    found = {(one["what"], one["name"]): one for one in progress.shown(plan_of())}
    assert list(found) == [
        ("along", "en-xx"),
        ("along", "xx-en"),
        ("growing", "en-xx"),
        ("growing", "xx-en"),
    ]
    along = found["along", "xx-en"]
    assert along["metric"] == "bleu"
    assert along["datasets"] == ["translation/hi-en", "translation/bn-en"]
    names = [(one["kind"], one["name"]) for one in along["series"]]
    assert names == [("merge", "linear"), ("joint", "all")]
    merged, joint = along["series"]
    assert merged["points"][1] == [8, dict.fromkeys(along["datasets"], "merges/along-8/linear")]
    assert joint["points"][0] == [4, dict.fromkeys(along["datasets"], "joint/all@4")]


def test_of_more_and_more_models_the_first_stands_alone():
    (growing,) = [one for one in progress.shown(plan_of()) if one["what"] == "growing"][:1]
    (line,) = growing["series"]
    assert [at for at, _ in line["points"]] == [1, 2, 3, 4]
    assert set(line["points"][0][1].values()) == {"experts/en-hi"}


def test_merges_are_set_beside_the_joint_model_and_not_beside_its_states():
    narrow = JOINT.replace("8]}", "8], checkpoint_evaluate: translation/hi-en}")
    text = SMALL.replace("[hi-en, bn-en]", "{members: [pairs], datasets: translation/hi-en}")
    assert made(text + narrow).joint_of("many-to-one") == "joint/all"


def test_a_study_without_such_merges_has_no_chapter():
    plan = made(SMALL)
    assert progress.shown(plan) == [] and progress.chapter(plan) is None
    assert set(progress.chapter(plan_of()).figures) == set(progress.figures(plan_of()))
