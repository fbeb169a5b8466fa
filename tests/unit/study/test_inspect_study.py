"""Models that are only looked at: text of one language, owners or none, what does not fit the base.

The shipped study, the grammar it rests on, rows and representations of text, the report's words.
"""

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_models
import torch
from places import ROOT
from small_studies import made
from tiny_training import make_model, make_tokenizer

from babelmerge.analysis.mergeability import outlook
from babelmerge.analysis.neurons import rates as neuron_rates
from babelmerge.analysis.probing import files as representation_files
from babelmerge.analysis.probing import representations
from babelmerge.analysis.task_vectors import members as inspection_members
from babelmerge.data import corpora
from babelmerge.display.chapters import Parts
from babelmerge.display.html import to_html
from babelmerge.study.checks.files import check_files
from babelmerge.study.grammar import study
from babelmerge.study.graph import mergeability, neurons, represent, similarity
from babelmerge.study.graph import report as report_graph
from babelmerge.study.plan import expand as plan
from babelmerge.tasks import prompts
from babelmerge.words import names

TOKENIZER = make_tokenizer()
SMALL = """
title: Small
languages: [hi, bn, en]
base: {path: m/base}
experts:
  own: {of: text/hi, path: m/own}
  free: {path: m/free}
corpora: {texts: {files: "t/{language}.txt"}}
tasks:
  text: {kind: text, test: {corpus: texts}}
analysis: {neurons: {}, usage_alignment: {}, cka: {}, angles: {}, task_vectors: {}}
"""


def changed(old, new):
    assert old in SMALL, old
    return SMALL.replace(old, new)


# --- the study -----------------------------------------------------------------------------------


def test_the_shipped_study_inspects_and_does_nothing_else():
    shipped = plan.expand(study.load(ROOT / "config" / "studies" / "inspect.yaml"))
    plan.check_built(shipped, {"text"}, set())
    assert not shipped.trained and not shipped.merges and not shipped.evaluations
    chapter = report_graph.inspected(shipped)
    told = chapter.settings({"languages": ["en"], "title": "x"})["study"]
    assert len(told["looked_at"]) == len(chapter.inputs()["looked_at"]) == 5 * 3
    assert told["languages"] == ["en"] and "title" not in told
    assert list(report_graph.chapters_of(shipped)) == [
        "inspected", "representations", "neurons", "task-vectors", "mergeability", "reproducibility"
    ]  # fmt: skip
    for request in (r for d in shipped.datasets.values() for r in d.splits["test"]):
        texts = list(corpora.read("files", {"files": ROOT / request.paths[0]}, "en", "en"))
        assert len(texts) >= 40 and len({row["source"] for row in texts}) == len(texts)


def test_text_has_one_span_and_all_models_read_it():
    found = made(SMALL)
    assert list(found.directions) == ["xx"]
    assert found.directions["xx"].datasets == {f"text/{c}": c for c in ("hi", "bn", "en")}
    assert represent.models_of(found, "xx") == ["base", "experts/own", "experts/free"]
    assert [found.owner(f"text/{c}") for c in ("hi", "bn")] == ["experts/own", None]
    assert mergeability.pair_span(found) == "source"
    made_of = [*neurons.files(found), *neurons.usage_files(found), *similarity.files(found, "cka")]
    assert [Path(p).parent.name for p in made_of] == ["neurons", "usage_alignment", "cka"]
    assert all(path.endswith("/xx.source.tsv") for path in made_of)
    assert mergeability.pair_inputs(found)["cka"] == similarity.files(found, "cka")
    assert list(mergeability.files(found)) == ["compatibility"]


PARALLEL = """  translation:
    kind: translation
    pairs: [hi-en, bn-en]
    dev: {corpus: texts}
    prompt: "{source}"
"""


def test_parallel_sentences_are_looked_at_without_a_test_set_and_pairs_by_their_target():
    text = changed("  own: {of: text/hi", "  own: {of: [translation/hi-en, text/hi]")
    found = made(text.replace("tasks:\n", "tasks:\n" + PARALLEL))
    assert found.evaluations == ()
    assert found.directions["text-xx"].spans == ("source",)
    assert found.directions["translation-xx-en"].spans == ("source", "target")
    assert represent.represented(found, "translation/bn-en") == represent.represented(
        found, "text/bn"
    )
    assert [Path(p).name for p in mergeability.pair_inputs(found)["cka"]] == [
        "translation-xx-en.target.tsv"
    ]


def test_text_is_no_part_of_what_merges_are_judged_by():
    tested = PARALLEL + '    test: {corpus: texts, split: "test[9:]"}\n'
    text = changed("  own: {of: text/hi", "  own: {of: [translation/hi-en, text/hi]")
    text = text.replace("  free: {", "  free: {of: [translation/bn-en, text/bn], ")
    text += "groups: {both: [own, free]}\nmethods: {ties: {density: 0.5}}\n"
    found = made(text.replace("tasks:\n", "tasks:\n" + tested))
    assert found.groups["both"].datasets == ("translation/hi-en", "translation/bn-en")
    merged = found.models["merges/both/ties"]
    assert merged.evaluate == found.groups["both"].datasets
    assert "merges/both/ties" in represent.represented(found, "text/hi")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (changed("text, test", 'text, prompt: "{source}", test'), ["tasks.text", "a prompt"]),
        (changed("text, test", "text, metrics: [bleu], test"), ["metrics"]),
        (changed("{path: m/free}", "{units: [hi], path: m/free}"), ["experts.free", "no of"]),
        (changed("{path: m/free}", "{training: {steps: 1}}"), ["experts.free", "no of"]),
        (SMALL + "groups: {two: [own, free]}\nmethods: {ties: {}}\n", ["groups.two", "a score"]),
    ],
)
def test_mistakes_are_told(text, parts):
    with pytest.raises(study.StudyError) as caught:
        made(text)
    assert all(part in str(caught.value) for part in parts), caught.value


def test_models_of_a_study_that_was_not_run_are_told_with_the_remedy():
    text = changed("m/base", "results/other/models/base")
    with pytest.raises(study.StudyError, match="a study called other builds: run it first"):
        check_files(made(text))


def test_models_are_trained_on_text_and_not_on_what_holds_nothing_to_learn():
    text = changed("{of: text/hi, path: m/own}", "{of: text/hi}").replace(
        "test: {corpus: texts}", "train: {corpus: texts}"
    )
    text += "training: {learning_rate: 1.0e-3, steps: 1, batch_size: 1}\n"
    plan.check_built(made(text), {"text"}, set())
    text = text.replace("kind: text", "kind: minimal_pairs")
    with pytest.raises(plan.NotBuiltYet, match="training on tasks of kind minimal_pairs"):
        plan.check_built(made(text), {"minimal_pairs"}, set())


# --- rows ----------------------------------------------------------------------------------------


def read(files, **options):
    rows = corpora.read("files", {"files": files, **options}, "hi", "hi")
    return list(corpora.check_rows(rows, "text/hi test"))


def test_sentences_are_lines_columns_or_half_of_parallel_text(tmp_path):
    lines = ["एक", "दो", "तीन", "चार"]
    plain = tmp_path / "hi.txt"
    plain.write_bytes("\ufeff{}\r\n\r\n{}\n{}\n{}".format(*lines).encode())
    table = tmp_path / "all.tsv"
    table.write_text("hi\ten\n" + "".join(f"{line}\tx\n" for line in lines), encoding="utf-8")
    other = tmp_path / "en.txt"
    other.write_text("one line alone\n")
    rows = read(str(plain))
    assert [row["source"] for row in rows] == lines
    assert {(row["source_language"], row["target_language"], row["target"]) for row in rows} == {
        ("hi", "hi", "")
    }
    for files in (str(table), {"hi": str(plain), "en": str(other)}):
        assert [row["source"] for row in read(files)] == lines
    (row, *_) = corpora.read("controlled", {"split": "test", "size": 4}, "hi", "hi")
    assert row["source"] and row["target"] == ""


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["0 sentences in hi", "at least 4"]),
        ("एक\n\nदो\n".encode(), ["2 sentences in hi (and 1 empty", "add sentences"]),
        ("señor\n".encode("latin-1"), ["line 1", "not UTF-8", "iconv"]),
        ("एक\n".encode("utf-16"), ["line 1", "not UTF-8"]),
    ],
)
def test_unusable_text_is_refused_with_file_and_remedy(tmp_path, content, parts):
    file = tmp_path / "mine.txt"
    file.write_bytes(content)
    with pytest.raises(ValueError) as caught:
        read(str(file))
    assert all(part in str(caught.value) for part in [str(file), *parts]), caught.value


def test_an_unknown_suffix_is_refused(tmp_path):
    (tmp_path / "mine.docx").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"mine\.docx: format None, expected one of .*text"):
        read(str(tmp_path / "mine.docx"))


# --- representations -----------------------------------------------------------------------------


def texts(count=6):
    words = sorted(set(TOKENIZER.get_vocab()) - set(TOKENIZER.all_special_tokens))
    return [
        {
            "id": str(number),
            "source_language": "hi",
            "target_language": "hi",
            "source": " ".join(words[number : 2 * number + 3]),
            "target": "",
        }
        for number in range(count)
    ]


def test_all_of_a_text_is_its_source_span(tmp_path):
    rows = texts()
    for row in rows:
        one = prompts.encode(row, "{source}", TOKENIZER, 64)
        special = len(one.prompt_ids) - sum(one.source_mask)
        plain = TOKENIZER(row["source"], add_special_tokens=False)["input_ids"]
        assert sum(one.source_mask) == len(plain) and not any(one.target_mask) and special <= 1
    model = make_model(TOKENIZER).eval()
    found = representations.represent(model, representations.probes(rows, "{source}", TOKENIZER))
    ids = torch.tensor(representations.probes(rows, "{source}", TOKENIZER).ids[2])[None]
    states = model(ids, output_hidden_states=True).hidden_states[1][0].detach().numpy()
    mask = np.array(prompts.encode(rows[2], "{source}", TOKENIZER, 64).source_mask[: len(states)])
    np.testing.assert_allclose(found.states["source"][1, 2], states[mask].mean(0), atol=1e-5)
    kept = representation_files.of_text(found)
    assert kept.states["target"].shape[1] == 0 and kept.states["source"].shape[1] == len(rows)
    representation_files.save(tmp_path / "text.safetensors", kept)
    again = representation_files.load(tmp_path / "text.safetensors")
    assert again.tokens["target"].shape == (0,) and again.counts["target"].sum() == 0
    np.testing.assert_array_equal(again.states["source"], found.states["source"])


def represented(layers=4, features=8, sentences=6, width=16):
    rng = np.random.default_rng(layers * features)
    return representation_files.Representations(
        {"source": rng.integers(0, 9, (layers - 2, width))},
        {"source": np.full(sentences, 9)},
        {"source": rng.normal(size=(layers, sentences, features)).astype(np.float32)},
    )


def test_models_of_another_size_are_left_out_and_named(caplog):
    found = {"base": represented(), "experts/a": represented(), "experts/deep": represented(5)}
    found["experts/wide"] = represented(features=12)
    with caplog.at_level(logging.WARNING):
        assert list(representation_files.comparable(found, "source")) == [
            "base",
            "experts/a",
            "experts/wide",
        ]
    assert "experts/deep: has 3 blocks, base has 2 blocks" in caplog.text
    alike = representation_files.comparable(found, "source", features=True)
    assert list(alike) == ["base", "experts/a"]
    with pytest.raises(ValueError, match="no model has the size of base, 2 blocks .*tuned from"):
        representation_files.comparable({k: found[k] for k in ("base", "experts/deep")}, "source")


def test_neurons_need_the_bases_blocks(tmp_path):
    for name, one in {"base": represented(), "deep": represented(5)}.items():
        both = [{s: part["source"] for s in ("source", "target")} for part in one]
        representation_files.save(
            tmp_path / f"{name}.safetensors", representation_files.Representations(*both)
        )
    files = [tmp_path / "base.safetensors", tmp_path / "deep.safetensors"]
    with pytest.raises(ValueError, match="no model has the blocks and widths of base"):
        neuron_rates.read_rates(files, ["base", "experts/deep"], ["text/hi"], "source")


def test_task_vectors_are_of_those_with_the_bases_tensors(tmp_path, caplog):
    base, experts = tiny_models.family(tmp_path, experts=("experts/a",))
    other = tiny_models.save(tiny_models.model(3, vocabulary=70), tmp_path / "other")
    with caplog.at_level(logging.WARNING):
        members = {**experts, "experts/other": other}
        assert inspection_members.fitting(base, members) == experts
    assert "experts/other: no task vector" in caplog.text and "(70, 32)" in caplog.text
    with pytest.raises(ValueError, match="give the base that they were trained from"):
        inspection_members.fitting(base, {"experts/other": other})


# --- the report ----------------------------------------------------------------------------------


def facts(inputs="same", too_long=0, **sizes):
    plain = {"tokens": {"source": 90, "target": 0}, "sentences": 40, "inputs": inputs}
    return {**plain, "prompts_too_long": too_long, "blocks": 2, "width": 64, "features": 32} | sizes


OWNED = {"experts/hi-en": ["text/hi"], "experts/deep": [], "experts/tok": []}


def shown():
    return {
        "base": {"text/hi": facts(), "text/bn": facts()},
        "experts/hi-en": {"text/hi": facts(), "text/bn": facts()},
        "experts/deep": {"text/hi": facts(blocks=3), "text/bn": facts(blocks=3)},
        "experts/tok": {"text/hi": facts("other", 2), "text/bn": facts("other")},
    }


def vectors():
    columns = ("level", "where", "measure", "expert", "other", "value")
    rows = [("model", "all", "base_norm", "", "", 9.0)]
    rows.append(("model", "all", "relative_norm", "experts/hi-en", "", 0.1))
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ({"width": 65}, "neurons and their use"),
        ({"features": 33}, "angles"),
        ({"width": 65, "features": 33}, "neurons and their use and angles"),
        ({"blocks": 3, "features": 33}, "neurons and their use, CKA and angles"),
    ],
)
def test_a_model_of_another_size_is_left_out_of_what_needs_that_size(sizes, parts):
    read = {"base": {"text/hi": facts()}, "experts/x": {"text/hi": facts(**sizes)}}
    (told,) = outlook.left_out(read, [], None)
    assert told.endswith(f": it is left out of {parts}.")


def test_the_report_says_what_was_inspected_and_what_could_not_be_compared():
    told = " ".join(outlook.left_out(shown(), OWNED, vectors()))
    assert "Expert deep has 3 blocks of 64 neurons" in told
    assert "left out of neurons and their use, CKA and angles" in told
    assert "Expert tok splits sentences into other tokens" in told
    assert "Expert tok left out 2 of 40 sentences (Hindi)" in told
    assert told.count("does not have the base's tensors") == 2
    assert "Expert Hindi" not in told
    study = {"owned": list(OWNED), "languages": ["hi", "bn"]}
    tables = {("inspected-models",): "<p>models</p>", ("inspected-sentences",): "<p>sets</p>"}
    with names.given({names.LANGUAGES: {"bn": "Bangla"}}):
        page = outlook.inspected(Parts(study, {("experts",): vectors()}, tables=tables), shown())
    for words in ("Hindi and Bangla", "nothing was trained", "<p>models</p><p>sets</p>"):
        assert words in page
    assert "In short" not in page and page.count("<li>") == 5


def test_tables_of_models_and_sentences_that_are_only_looked_at():
    models = to_html(outlook.models_table(shown(), {"base": "m/base"}, OWNED))
    assert "Own sentences" in models and "m/base" in models and "this study" in models
    sentences = outlook.sentences_table(shown())
    assert [row.label for row in sentences.rows] == ["Hindi", "Bengali"]
    assert sentences.frame.to_dict("records")[0] == {
        "dataset": "text/hi", "sentences": 40, "source": 90
    }  # fmt: skip


def _pairs(values):
    names = [f"experts/{letter}" for letter in "abcdefg"]
    rows = [
        {"model": names[at], "other": names[at + 1], "measure": "cka_last", "value": value}
        for at, value in enumerate(values)
    ]
    look = [
        ""
        if v is None
        else "compatible"
        if v >= 0.75
        else "conflicting"
        if v <= 0.3
        else "doubtful"
        for v in values
    ]
    return pd.DataFrame(rows).assign(outlook=look, span="source").astype({"value": float})


def test_pairs_are_told_by_how_they_look():
    few = outlook.in_short(_pairs([0.8, 0.9, 0.1, None]))
    assert few[0] == "b with c (0.90) and a with b (0.80) look compatible."
    assert few[1] == "c with d (0.10) looks like a conflict."
    assert few[2] == "In brackets: debiased CKA, last block, source span."
    assert "plain text they say less" in few[3] and len(few) == 4
    many = outlook.in_short(_pairs([0.9, 0.91, 0.92, 0.93, 0.94]))
    assert many[0] == "5 pairs look compatible, from e with f (0.94) to a with b (0.90)."
    assert outlook.in_short(_pairs([None])) == []


def test_facts_of_representations_are_those_that_the_report_reads(tmp_path):
    model = make_model(TOKENIZER).eval()
    model.save_pretrained(tmp_path / "base")
    TOKENIZER.save_pretrained(tmp_path / "base")
    out = tmp_path / "x.safetensors"
    made_ = representations.represent_file(tmp_path / "base", texts(), out, template="{source}")
    assert set(facts()) <= set(made_) == set(json.loads((tmp_path / "x.json").read_text()))
    assert made_["tokens"]["target"] == 0 < made_["tokens"]["source"]
