"""Expansion of studies: each rule by a small case."""

from pathlib import Path

import pytest
from small_studies import SMALL, changed, made

from babelmerge.study.checks.files import check_files
from babelmerge.study.grammar import study
from babelmerge.study.grammar import yaml as study_yaml
from babelmerge.study.plan import expand as plan


def test_points_vary_the_last_parameter_fastest():
    grid = made(SMALL).merges["merges/many-to-one/ties"].grid
    assert [tuple(p.values()) for p in grid] == [(0.4, 0.3), (0.4, 0.5), (0.8, 0.3), (0.8, 0.5)]


def test_a_point_needs_no_sweep_and_no_dev():
    text = changed("[0.4, 0.8], weight: [0.3, 0.5]", "0.4")
    expanded = made(text.replace("    dev: {corpus: made, size: 10}\n", ""))
    assert not expanded.sweeps and len(expanded.merges) == 1


def test_weights_per_expert_are_one_value():
    text = changed("weight: [0.3, 0.5]", "weight: {hi-en: 0.3, bn-en: 0.5}")
    grid = made(text).merges["merges/many-to-one/ties"].grid
    assert len(grid) == 2 and grid[0]["weight"] == {"hi-en": 0.3, "bn-en": 0.5}
    with pytest.raises(study.StudyError, match="methods.ties"):
        made(text.replace("{hi-en: 0.3, bn-en", "{hi-en: 0.3, ta-en"))


def test_a_grid_whose_points_are_one_model_is_warned_of():
    text = changed("weight: [0.3, 0.5]", "weight: [0.3, 0.5], normalize: true, semantics: mergekit")
    (warning,) = made(text).warnings
    assert "ties: 2 of 4 points" in warning
    assert made(SMALL).warnings == ()


READY = "base: {path: models/base}"
SERVED = READY.replace("base}", "base, vocabulary: {of: [translation/hi-en, translation/bn-en]}}")
OTHER = """  other:
    kind: translation
    pairs: [en-hi]
    test: {corpus: made, size: 20}
    prompt: "{source}"
"""


def test_tasks_that_a_trimmed_vocabulary_does_not_serve_are_warned_of():
    text = changed(READY, SERVED)
    assert not made(text).warnings
    assert not made(text.replace("training:", OTHER + "training:")).warnings
    for old, new in (
        ('prompt: "{source}"', 'prompt: "Say: {source}"'),
        ('prompt: "{source}"', 'prompt: "{source}"\n    chat: true'),
        ('prompt: "{source}"', 'prompt: "{source}{space}"\n    shots: 2'),
        (OTHER, "  other: {kind: text, languages: [en], train: {corpus: made, size: 9}}\n"),
        (OTHER, "  other: {kind: harness, tasks: [arc_easy]}\n"),
    ):
        assert old in OTHER
        (warning,) = made(text.replace("training:", OTHER.replace(old, new) + "training:")).warnings
        assert warning.startswith("base.vocabulary: texts of other are cut into smaller tokens")
    (warning,) = made(text.replace(", translation/bn-en]", "]")).warnings
    assert "texts of translation are" in warning
    assert not made(SMALL.replace("training:", OTHER + "training:")).warnings


def test_generators_make_named_groups():
    expanded = made(
        changed(
            "  many-to-one: [hi-en, bn-en]",
            "  two: {combinations: 2, of: [hi-en, bn-en, en-hi]}\n"
            "  grow: {prefixes: pairs, from: 3}\n"
            "  both: {each: language, pairs: both-directions}",
        )
    )
    members = {n: [m.split("/")[1] for m in g.members] for n, g in expanded.groups.items()}
    assert members == {
        "two-hi-en+bn-en": ["hi-en", "bn-en"],
        "two-hi-en+en-hi": ["hi-en", "en-hi"],
        "two-bn-en+en-hi": ["bn-en", "en-hi"],
        "grow-3": ["en-hi", "en-bn", "hi-en"],
        "grow-4": ["en-hi", "en-bn", "hi-en", "bn-en"],
        "both-hi": ["en-hi", "hi-en"],
        "both-bn": ["en-bn", "bn-en"],
    }
    assert expanded.families["both"] == ("both-hi", "both-bn")


def test_a_group_may_have_methods_datasets_and_evaluations_of_its_own():
    expanded = made(
        changed(
            "[hi-en, bn-en]\n",
            "{members: [hi-en, bn-en], methods: {linear: {}}, datasets: translation/hi-en, "
            "evaluate: translation/en-hi}\n",
        )
    )
    assert list(expanded.merges) == ["merges/many-to-one/linear"]
    assert expanded.groups["many-to-one"].datasets == ("translation/hi-en",)
    assert expanded.models["merges/many-to-one/linear"].evaluate == (
        "translation/hi-en",
        "translation/en-hi",
    )


def test_checkpoints_are_kept_along_training_and_merged_step_by_step():
    expanded = made(
        changed("{each: translation}", "{each: translation, checkpoints: [4, 8]}").replace(
            "[hi-en, bn-en]\n", "{each: checkpoint, of: [hi-en, bn-en]}\n"
        )
    )
    assert expanded.models["experts/hi-en"].source.kept == (4, 8)
    assert expanded.models["experts/hi-en@4"].source == plan.Kept("experts/hi-en", 4)
    assert expanded.groups["many-to-one-8"].members == ("experts/hi-en@8", "experts/bn-en@8")
    plan.check_built(expanded, {"translation"}, {"linear", "ties"})


@pytest.mark.parametrize(
    ("checkpoints", "training", "found"),
    [
        ("[4, 11]", "{}", "step 11; expected steps from 1 to 10"),
        ("[0]", "{}", "step 0; expected steps from 1 to 10"),
        ("[4, 4]", "{}", "4 twice; expected each step once"),
        ("[4]", "{method: lora, lora: {r: 2, alpha: 4}}", "method: lora; expected no checkpoints"),
        ("[first]", "{}", "'first'; expected a number of steps"),
    ],
)
def test_steps_that_a_training_has_no_state_of_are_refused(checkpoints, training, found):
    more = f"{{each: translation, checkpoints: {checkpoints}, training: {training}}}"
    with pytest.raises(study.StudyError, match=r"experts\.pairs\.checkpoints") as caught:
        made(changed("{each: translation}", more))
    assert found in str(caught.value)


def test_a_models_training_changes_the_studys():
    text = changed("{each: translation}", "{each: translation, training: {epochs: 2, seed: 9}}")
    training = made(text).models["experts/hi-en"].source.training
    assert training == {
        "method": "full",
        "learning_rate": 1e-3,
        "epochs": 2,
        "batch_size": 4,
        "seed": 9,
    }


def test_only_ready_models_means_no_training():
    text = changed("{each: translation}", '{each: translation, path: "m/{source_name}-{target}"}')
    text = text.replace("    train: {corpus: made, size: 100}\n", "")
    expanded = made(text, "folder")
    assert not expanded.trained
    assert expanded.models["experts/hi-en"].source.path == "folder/m/Hindi-en"


def test_a_random_base_stays_as_initialised():
    base = "{architecture: {model_type: qwen2}, tokenizer: {hub: a/b}}"
    source = made(changed("{path: models/base}", base)).models["base"].source
    assert source.start == "random" and source.datasets == () and source.training["steps"] == 0
    assert source.training["seed"] == 0


def test_the_tokenizer_of_a_base_that_learns_nothing_is_learnt_from_text_of_its_own():
    base = "{{architecture: {{model_type: qwen2}}, tokenizer: {{vocab_size: 300{}}}{}}}"

    def source(of, more=""):
        text = changed("{path: models/base}", base.format(of, more))
        return made(text).models["base"].source

    found = source(", of: translation/hi-en", ", training: {seed: 4}")
    assert found.spoken == ("translation/hi-en",) and found.datasets == ()
    assert found.tokenizer == {"vocab_size": 300}
    assert found.training == {"method": "pretrain", "steps": 0, "seed": 4}
    with pytest.raises(study.StudyError, match=r"base\.tokenizer: found a tokenizer to learn and"):
        source("")
    with pytest.raises(
        study.StudyError, match=r"base\.training: found steps, and no text to learn"
    ):
        source(", of: translation", ", training: {steps: 3}")
    with pytest.raises(study.StudyError, match=r"base\.tokenizer\.of"):
        source(", of: translatoin")


def test_a_base_may_see_one_direction_more_often():
    made_from = (
        "{{architecture: {{model_type: llama}}, tokenizer: {{vocab_size: 300}}, pretrain: {}}}"
    )

    def repeats(text):
        return made(changed("{path: models/base}", made_from.format(text))).models["base"].source

    assert repeats("{of: translation}").repeat == ()
    source = repeats("{of: translation, repeat: {to-pivot: 3, bn-en: 5}}")
    expected = {"hi-en": 3, "bn-en": 5}
    for name, times in zip(source.datasets, source.repeat, strict=True):
        assert times == expected.get(name.split("/")[1], 1)
    with pytest.raises(study.StudyError, match=r"repeat.*xx-en"):
        repeats("{of: translation, repeat: {xx-en: 2}}")


def test_a_pair_without_the_pivot_is_of_neither_direction():
    scratch = (
        "{architecture: {model_type: llama}, tokenizer: {vocab_size: 300}, pretrain: "
        "{of: translation, repeat: {to-pivot: 3, from-pivot: 2}}}"
    )
    text = changed("{path: models/base}", scratch)
    text = text.replace("both-directions", "[hi-en, en-hi, hi-bn]").replace("bn-en]", "en-hi]")
    source = made(text).models["base"].source
    assert source.repeat == (3, 2, 1)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("each: translation", "each: translatoin", r"experts\.pairs\.each"),
        (
            "each: translation",
            "each: translation, checkpoints: [4], checkpoint_evaluate: translatoin",
            r"experts\.pairs\.checkpoint_evaluate",
        ),
        (
            "[hi-en, bn-en]\n",
            "{members: [hi-en, bn-en], evaluate: translatoin}\n",
            r"groups\.many-to-one\.evaluate",
        ),
        (
            "[hi-en, bn-en]\n",
            "{members: [hi-en, bn-en], datasets: translatoin}\n",
            r"groups\.many-to-one\.datasets",
        ),
    ],
)
def test_a_dataset_that_is_not_there_is_an_error_of_the_key_that_names_it(old, new, key):
    with pytest.raises(study.StudyError, match=rf"{key}: found 'translatoin'.*'translation'"):
        made(changed(old, new))


def test_adding_a_language_leaves_the_others_alone():
    before, after = made(SMALL), made(changed("bn]", "bn, ta]"))
    for name, dataset in before.datasets.items():
        assert after.datasets[name] == dataset
    for name in ("experts/hi-en", "merges/many-to-one/ties"):
        assert after.models[name].source == before.models[name].source
    assert set(after.models) - set(before.models) == {"experts/ta-en", "experts/en-ta"}


def test_file_patterns_are_matched_in_order(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.hi.tsv").write_text("en\thi\n")
    text = changed("{controlled: {seed: 3}}", '{files: "*.{language}.tsv"}')
    text += "allow: selection-on-test\n"  # the same files for all splits
    expanded = made(text, str(tmp_path))
    paths = expanded.datasets["translation/hi-en"].splits["train"][0].paths
    assert [Path(p).name for p in paths] == ["a.hi.tsv", "b.hi.tsv"]
    with pytest.raises(study.StudyError, match=r"\*\.bn\.tsv"):
        check_files(expanded)


def test_requests_are_what_the_corpus_reader_takes(tmp_path):
    from babelmerge.data import corpora

    (tmp_path / "hi.tsv").write_text("one\ttwo\thi_text\nA\tB\tक\n", encoding="utf-8")
    columns = 'columns: {en: [one, two], "*": "{language}_text"}'
    text = changed("{controlled: {seed: 3}}", f'{{files: "{{language}}.tsv", {columns}}}')
    text += "allow: selection-on-test\n"  # the same file for all splits
    request = made(text, str(tmp_path)).datasets["translation/hi-en"].splits["train"][0]
    rows = list(corpora.read(request.kind, request.options, "hi", "en"))
    assert [(r["source"], r["target"]) for r in rows] == [("क", "A"), ("क", "B")]


def test_no_group_takes_the_name_under_which_all_experts_are_compared():
    with pytest.raises(study_yaml.StudyError, match="stands for all experts.*another name"):
        made(changed("many-to-one: [", "experts: ["))
