"""Expansion of the shipped studies: by their counts and the papers' grids."""

import dataclasses
import json

import pytest
from places import STUDIES
from small_studies import changed, made, shipped

from babelmerge.data import corpora
from babelmerge.study.checks.files import check_files
from babelmerge.study.grammar import study
from babelmerge.study.grammar.methods import PRESETS
from babelmerge.study.plan import expand as plan
from babelmerge.tasks import rendering
from babelmerge.tasks.kind import SPACE

BUILT = {"linear", "task_arithmetic", "ties", "dare", "sce"}
INTO = ["hi-en", "bn-en", "ta-en", "te-en"]
OUT = ["en-hi", "en-bn", "en-ta", "en-te"]
GROUPS = {
    "many-to-one": INTO,
    "one-to-many": OUT,
    **{f"bidirectional-{code}": [f"en-{code}", f"{code}-en"] for code in ("hi", "bn", "ta", "te")},
    "many-to-one-modern": INTO,
}


@pytest.mark.parametrize("name", ["translation", "translation-mini"])
def test_translation_has_the_papers_models(name):
    expanded = shipped(name)
    counts = {k: len(expanded.of_kind(k)) for k in ("base", "expert", "joint", "merge")}
    assert counts == {"base": 1, "expert": 8, "joint": 3, "merge": 24 + len(PRESETS["modern"])}
    assert len(expanded.sweeps) == 24
    assert {
        g.name: [m.split("/")[1] for m in g.members] for g in expanded.groups.values()
    } == GROUPS
    assert expanded.families["bidirectional"] == tuple(list(GROUPS)[2:-1])
    assert expanded.warnings == ()
    plan.check_built(expanded, {"translation"}, {*BUILT, *PRESETS["modern"]})


def test_a_trimmed_vocabulary_serves_all_tasks_of_its_study():
    assert shipped("translation-files").warnings == ()


def test_translation_evaluates_exactly_what_the_paper_does():
    expected = {"base": OUT + INTO, "joint/all": OUT + INTO}
    expected |= {"joint/to-english": INTO, "joint/from-english": OUT}
    expected |= {f"experts/{pair}": INTO for pair in INTO}
    expected |= {f"experts/{pair}": OUT for pair in OUT}
    for group, members in GROUPS.items():
        modern = group == "many-to-one-modern"
        for method in PRESETS["modern"] if modern else ("task_arithmetic", "ties", "dare", "sce"):
            expected[f"merges/{group}/{method}"] = members
    found: dict[str, list[str]] = {}
    for model, dataset in shipped("translation").evaluations:
        found.setdefault(model, []).append(dataset.removeprefix("translation/"))
    assert found == expected


def test_translation_grids_are_the_papers():
    expanded = shipped("translation")
    sizes = {m.method: len(m.grid) for m in expanded.merges.values()}
    once = dict.fromkeys(PRESETS["modern"], 1)
    assert sizes == {"task_arithmetic": 5, "ties": 30, "dare": 20, "sce": 5, **once}
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


def test_translation_search_searches_by_each_kind_of_part():
    asked = {m.method: m.search for m in shipped("translation-search").merges.values()}
    found = {name: search["by"] for name, search in asked.items() if search}
    kinds = ("expert", "layer-band", "module")
    labels = ("task_arithmetic-search", "ties-search", "dare-search")
    assert found == dict(zip(labels, kinds, strict=True))
    assert {search["points"] for search in asked.values() if search} == {200}


def test_translation_mini_starts_from_scratch():
    source = shipped("translation-mini").models["base"].source
    assert source.start == "random" and len(source.datasets) == 8
    assert source.architecture["model_type"] == "llama" and source.tokenizer["vocab_size"] > 257
    assert source.training["method"] == "pretrain" and "epochs" not in source.training


def test_translation_files_reads_the_folder_it_is_given(tmp_path):
    expanded = shipped("translation-files", str(tmp_path))
    for unit in ("en-ta", "ta-en"):
        for split, (part,) in expanded.datasets[f"translation/{unit}"].splits.items():
            assert part.paths == (str(tmp_path / f"software_l10n/en-ta.{split}.tsv"),)
            assert part.options["columns"] == {"en": "en", "ta": "ta"}
    counts = {k: len(expanded.of_kind(k)) for k in ("base", "expert", "joint", "merge")}
    assert counts == {"base": 1, "expert": 8, "joint": 1, "merge": 6}
    with pytest.raises(study.StudyError, match=r"8 file\(s\) are missing") as caught:
        check_files(expanded)
    assert str(tmp_path) in str(caught.value) and "--data FOLDER" in str(caught.value)


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
    assert sizes == {
        **{"all": 1, "pairs": 45, "prefixes": 9, "along-training": 47},
        **{"aligned": 1, "spherical": 1, "modern": 1},
    }
    assert expanded.groups["aligned"].align == "experts/en"
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


def test_the_miniature_branches_off_a_common_model():
    expanded = shipped("pretraining-mini")
    branches = [m for m in expanded.trained if "from-" in m]
    assert len(branches) == 9 and len(expanded.families["branching"]) == 4
    steps = {expanded.models[m].source.training["steps"] for m in branches}
    assert steps == {180, 360, 540}
    assert not [m for m in shipped("pretraining").models if "from-" in m]  # nothing is trained


def test_the_miniature_has_the_benchmarks_and_tests_experts_on_them_in_their_own_language():
    full, mini = shipped("pretraining"), shipped("pretraining-mini")
    tasks = [dataset.task for dataset in full.datasets.values() if dataset.task != "hellaswag-tr"]
    assert {*tasks, "text"} == {dataset.task for dataset in mini.datasets.values()}
    assert {d for d in mini.datasets if d.startswith("hellaswag")} == {
        d.replace("-tr/", "/") for d in full.datasets if d.startswith("hellaswag")
    }
    for id_, dataset in mini.datasets.items():
        other = full.datasets.get(id_)
        assert other is None or (dataset.kind, dataset.metrics) == (other.kind, other.metrics)
    assert mini.models["experts/ru"].evaluate == (
        *("multiblimp/ru", "belebele/ru", "hellaswag/ru", "xcsqa/ru", "flores/en-ru"),
    )
    assert mini.models["experts/tr"].evaluate == ("multiblimp/tr", "hellaswag/tr")
    for model in mini.models.values():
        if model.live or "@from-" in model.id:
            assert {d.split("/")[0] for d in model.evaluate} <= {"multiblimp"}, model.id


def test_items_of_real_benchmarks_that_cannot_be_used_are_left_out():
    """Two items of Belebele have one choice twice, and some ends of HellaSwag are empty."""
    asked = [d for d in shipped("pretraining").datasets.values() if d.kind == "multiple_choice"]
    assert len(asked) > 20 and {d.options.get("unusable") for d in asked} == {"drop"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_documents_of_the_miniature_are_what_it_asks_with_the_right_answer(language):
    mini = shipped("pretraining-mini")
    texts = mini.datasets[f"text/{language}"].splits["train"]
    made = [r.options["items"] for r in texts if "items" in r.options]
    assert made == ["continuations", "relations"]
    for task, form in zip(("hellaswag", "xcsqa"), made, strict=True):
        entry = mini.datasets[f"{task}/{language}"]
        options = {**entry.splits["test"][0].options, "size": 5}
        told = {k: v for k, v in options.items() if k != "fields"}
        assert options["items"] == form
        rows = corpora.read("controlled", options, language, language)
        documents = corpora.read("controlled", told, language, language)
        for row, document in zip(rows, documents, strict=True):
            prompt = rendering.render_prompt(row, entry.prompt.removesuffix(SPACE))[0]
            assert prompt + rendering.answer_text(row["target"], entry.prompt) == document["source"]


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


@pytest.mark.parametrize("preset", PRESETS)
def test_a_group_may_have_the_newest_methods_at_one_point_each(preset):
    group = f"newest: {{members: [hi-en, bn-en], methods: {preset}}}"
    expanded = made(
        changed("many-to-one: [hi-en, bn-en]", f"many-to-one: [hi-en, bn-en]\n  {group}")
    )
    found = {merge.method: merge.grid for merge in expanded.merges_of("newest")}
    assert found == {name: (grid,) for name, grid in PRESETS[preset].items()}
    assert not any(merge.model in expanded.sweeps for merge in expanded.merges_of("newest"))
    other = [merge.method for merge in expanded.merges_of("many-to-one")]
    assert other == ["ties"]


def test_a_preset_that_is_none_is_told():
    text = changed("[hi-en, bn-en]", "{members: [hi-en, bn-en], methods: newest}")
    with pytest.raises(study.StudyError, match="groups.many-to-one.*'newest'.*modern"):
        made(text)
