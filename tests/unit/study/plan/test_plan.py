"""Expansion of studies: the shipped ones by their counts, and each rule by a small case."""

import dataclasses
import json
from pathlib import Path

import pytest
from places import STUDIES
from small_studies import SMALL, changed, made, shipped

from babelmerge.study.checks.files import check_files
from babelmerge.study.grammar import study
from babelmerge.study.grammar import yaml as study_yaml
from babelmerge.study.plan import expand as plan

BUILT = {"linear", "task_arithmetic", "ties", "dare", "sce"}


# --- the shipped studies -------------------------------------------------------------------------

INTO = ["hi-en", "bn-en", "ta-en", "te-en"]
OUT = ["en-hi", "en-bn", "en-ta", "en-te"]
GROUPS = {
    "many-to-one": INTO,
    "one-to-many": OUT,
    **{f"bidirectional-{code}": [f"en-{code}", f"{code}-en"] for code in ("hi", "bn", "ta", "te")},
}


@pytest.mark.parametrize("name", ["translation", "translation-mini", "translation-files"])
def test_translation_has_the_papers_models(name):
    expanded = shipped(name)
    counts = {k: len(expanded.of_kind(k)) for k in ("base", "expert", "joint", "merge")}
    assert counts == {"base": 1, "expert": 8, "joint": 3, "merge": 24}
    assert len(expanded.sweeps) == 24
    assert {
        g.name: [m.split("/")[1] for m in g.members] for g in expanded.groups.values()
    } == GROUPS
    assert expanded.families["bidirectional"] == tuple(list(GROUPS)[2:])
    assert expanded.warnings == ()
    plan.check_built(expanded, {"translation"}, BUILT)


def test_translation_evaluates_exactly_what_the_paper_does():
    expected = {"base": OUT + INTO, "joint/all": OUT + INTO}
    expected |= {"joint/to-english": INTO, "joint/from-english": OUT}
    expected |= {f"experts/{pair}": INTO for pair in INTO}
    expected |= {f"experts/{pair}": OUT for pair in OUT}
    for group, members in GROUPS.items():
        for method in ("task_arithmetic", "ties", "dare", "sce"):
            expected[f"merges/{group}/{method}"] = members
    found: dict[str, list[str]] = {}
    for model, dataset in shipped("translation").evaluations:
        found.setdefault(model, []).append(dataset.removeprefix("translation/"))
    assert found == expected


def test_translation_grids_are_the_papers():
    expanded = shipped("translation")
    sizes = {m.method: len(m.grid) for m in expanded.merges.values()}
    assert sizes == {"task_arithmetic": 5, "ties": 30, "dare": 20, "sce": 5}
    dare = expanded.merges["merges/many-to-one/dare"]
    assert {p["density"] for p in dare.grid} == {0.1, 0.2, 0.3, 0.4}  # sparsity .9 to .6
    assert dare.selection == {"split": "dev", "metric": "bleu"}
    training = expanded.models["experts/hi-en"].source.training
    assert training["learning_rate"] == 5e-5 and training["epochs"] == 3
    assert training["batch_size"] == 1024
    assert training["seed"] == 42 and training["scheduler"] == "inverse_sqrt"


def test_translation_reads_samanantar_and_flores():
    splits = shipped("translation").datasets["translation/hi-en"].splits
    assert splits["train"][0].options == {
        "hub": "ai4bharat/samanantar",
        "config": "hi",
        "split": "train",
        "columns": {"hi": "tgt", "en": "src"},
    }
    assert splits["test"][0].options["columns"]["hi"] == {"config": "hin_Deva", "column": "text"}
    assert splits["test"][0].options["split"] == "devtest"


def test_translation_mini_starts_from_scratch():
    source = shipped("translation-mini").models["base"].source
    assert source.start == "random" and len(source.datasets) == 8
    assert source.architecture["model_type"] == "llama" and source.tokenizer["vocab_size"] > 257
    assert source.training["method"] == "pretrain" and "epochs" not in source.training


def test_translation_files_reads_the_folder_it_is_given(tmp_path):
    expanded = shipped("translation-files", str(tmp_path))
    splits = expanded.datasets["translation/en-ta"].splits
    assert [Path(p).name for r in splits["train"] for p in r.paths] == [
        "tatoeba_test_v2021-08-07.en-ta.tsv",
        "ta.dev.tsv",
        "ta.devtest.tsv",
    ]
    wikipedia = splits["train"][1].options["columns"]
    assert wikipedia == {"en": ["en0", "en1", "en2", "en3"], "ta": "src_ta"}
    assert splits["test"][0].options["columns"] == {"en": "eng_Latn", "ta": "tam_Taml"}
    with pytest.raises(study.StudyError, match=r"14 file\(s\) are missing") as caught:
        check_files(expanded)
    assert str(tmp_path) in str(caught.value) and "--config data=" in str(caught.value)


def test_adapters_has_the_papers_models():
    expanded = shipped("adapters")
    assert len(expanded.of_kind("expert")) == 16  # 15 and the updated English one
    assert len(expanded.of_kind("joint")) == 3
    sizes = {g.name: (len(g.members), len(g.methods)) for g in expanded.groups.values()}
    assert sizes["sentiment"] == sizes["reasoning"] == sizes["summarization"] == (5, 8 + 4)
    assert sizes["multitask-all"] == (15, 1) and sizes["sentiment-asian"] == (2, 1)
    updated = expanded.models["experts/sentiment-en-updated"]
    assert updated.source.datasets == ("sentiment/en", "more-sentiment/en")
    assert "more-sentiment/en" not in updated.evaluate
    order = list(expanded.merges)
    merged = expanded.merges["merges/multitask-each/ties-0.5"]
    assert all(m.startswith("merges/") and order.index(m) < order.index(merged.model)
               for m in merged.members)  # fmt: skip
    assert len(expanded.models[merged.model].evaluate) == 15
    assert expanded.merges["merges/sentiment/ties-knots-0.5"].algorithm == "knots"
    assert not expanded.sweeps
    assert expanded.models["experts/reasoning-ja"].source.training["lora"]["r"] == 64


def test_pretraining_has_the_papers_models():
    expanded = shipped("pretraining")
    experts = [m for m in expanded.of_kind("expert") if "@" not in m]
    assert len(experts) == 10 and len(expanded.of_kind("baseline")) == 3
    sizes = {name: len(groups) for name, groups in expanded.families.items()}
    assert sizes == {"all": 1, "pairs": 45, "prefixes": 9, "along-training": 47}
    assert [len(expanded.groups[g].members) for g in expanded.families["prefixes"]] == [
        *range(2, 11)
    ]
    chinese = expanded.models["experts/zh@0010000"].source
    assert chinese.hub == "HPLT/hplt2c_zhos_checkpoints"
    assert chinese.revision == "checkpoint_0010000"
    assert "joint/mixed@0010000" in expanded.models
    assert expanded.groups["along-training-0010000"].members[0] == "experts/en@0010000"
    assert len(expanded.models["merges/prefixes-2/linear"].evaluate) == 9
    assert "flores/fr-en" in expanded.models["experts/en"].datasets
    assert "flores/en-de" in expanded.models["experts/de"].datasets
    assert set(expanded.taken) == set(expanded.models) - set(expanded.of_kind("merge"))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("adapters", ["classification", "knots"]),
        ("pretraining", ["minimal_pairs", "multiple_choice", "dare_ties"]),
    ],
)
def test_what_is_not_built_yet_is_said(name, parts):
    with pytest.raises(plan.NotBuiltYet, match="not built yet") as caught:
        plan.check_built(shipped(name), {"translation"}, BUILT)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize("path", sorted(STUDIES.glob("*.yaml")), ids=lambda p: p.stem)
def test_plans_are_stable_plain_data(path):
    first, second = (
        json.dumps(dataclasses.asdict(plan.expand(study.load(path))), ensure_ascii=False)
        for _ in range(2)
    )
    assert first == second


# --- rules ---------------------------------------------------------------------------------------


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
    plan.check_built(expanded, {"translation"}, BUILT)


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
