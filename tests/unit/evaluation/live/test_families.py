"""Merges formed in memory: scores of written ones, no file of a model, nothing done twice."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from tiny_training import ASKED, make_model, make_rows, make_tokenizer

from babelmerge import merging
from babelmerge.evaluation import answering, metrics
from babelmerge.evaluation.live import families
from babelmerge.evaluation.live.memory import Live
from babelmerge.files import directories
from babelmerge.models import loading
from babelmerge.recipes import recipes

torch.set_num_threads(1)
OPTIONS = {"dtype": "float32", "max_new_tokens": 6, "batch_size": 4}
SCORED = {
    "kind": "translation",
    "metrics": ["chrf"],
    "target_language": "hi",
    "candidates": ["en", "hi"],
    "resamples": 20,
    "seed": 1,
}
PAIRS = (("a", "b"), ("a", "c"), ("b", "c"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    tokenizer = make_tokenizer()
    for seed, name in enumerate(("base", "a", "b", "c")):
        make_model(tokenizer, seed).save_pretrained(root / name)
        tokenizer.save_pretrained(root / name)
    return root


def sets_of(*names):
    rows = make_rows(8, seed=3, longest=5)
    sets = {"t/en-hi": rows[:4], "t/hi-en": rows[4:]}
    return {name: families.Test(sets[name], ASKED, SCORED) for name in names}


def merge(folders, members, tests=("t/en-hi", "t/hi-en"), **point):
    return families.Merge(
        place="+".join(members) + "/linear",
        method="linear",
        point=point,
        members={f"experts/{name}": {"folder": str(folders / name)} for name in members},
        tests=tests,
    )


@pytest.fixture
def asking(folders):
    return families.Asking(str(folders / "base"), sets_of("t/en-hi", "t/hi-en"), OPTIONS, "code")


@pytest.fixture
def formed(monkeypatch):
    """The places of the merges that are formed, in order."""
    seen, plain = [], families._formed

    def form(merge, members, asking):
        seen.append(merge.place)
        return plain(merge, members, asking)

    monkeypatch.setattr(families, "_formed", form)
    return seen


def test_scores_are_those_of_the_merge_that_is_written(folders, asking, tmp_path):
    families.run(tmp_path / "live", [merge(folders, "ab", dtype="float16")], asking)
    members = {f"experts/{name}": folders / name for name in "ab"}
    recipe = recipes.make_recipe(folders / "base", members, "linear", {"dtype": "float16"})
    written = merging.merge_files(recipe, tmp_path / "written")
    model, tokenizer = loading.load(written, "float32")
    options = {key: value for key, value in OPTIONS.items() if key != "dtype"}
    for name, test in asking.tests.items():
        answers = answering.answer(model, tokenizer, test.rows, ASKED, options)
        kind = {key: value for key, value in SCORED.items() if key != "kind"}
        result, sentences = metrics.score(
            "translation",
            [answer["output"] for answer in answers],
            [row["target"] for row in test.rows],
            sources=[row["source"] for row in test.rows],
            **kind,
        )
        place = tmp_path / "live" / "a+b" / "linear"
        found = json.loads((place / f"{name}.json").read_text())
        assert found.pop("decoding").startswith("greedy")
        assert found == json.loads(json.dumps(result))
        metrics.write_sentences(tmp_path / "own.tsv", sentences)
        table = (place / f"{name}.sentences.tsv").read_bytes()
        assert table == (tmp_path / "own.tsv").read_bytes()


def test_no_model_is_written_while_pairs_are_formed(folders, asking, tmp_path, monkeypatch):
    """The folder holds a few numbers a merge, at any time, however many there are."""
    most, plain = [], families._scored

    def watch(live, *rest):
        most.append(sum(p.stat().st_size for p in tmp_path.rglob("*") if p.is_file()))
        return plain(live, *rest)

    monkeypatch.setattr(families, "_scored", watch)
    families.run(tmp_path / "live", [merge(folders, pair) for pair in PAIRS], asking)
    assert len(most) == 2 * len(PAIRS)
    one = sum(p.stat().st_size for p in (folders / "a").glob("*.safetensors"))
    assert max(most) < one / 3
    assert not [p for p in tmp_path.rglob("*") if p.suffix == ".safetensors"]


def test_what_is_known_is_not_formed_again(folders, asking, tmp_path, formed):
    merges = [merge(folders, pair) for pair in PAIRS]
    families.run(tmp_path, merges[:2], asking)
    first = directories.fingerprint(tmp_path)
    assert formed == ["a+b/linear", "a+c/linear"]
    families.run(tmp_path, merges[:2], asking)
    assert len(formed) == 2 and directories.fingerprint(tmp_path) == first
    families.run(tmp_path, merges, asking)
    assert formed[2:] == ["b+c/linear"] and directories.fingerprint(tmp_path) != first
    (tmp_path / "a+c" / "linear" / "t" / "hi-en.json").write_text("{}")
    families.run(tmp_path, merges[:2], asking)
    assert formed[3:] == ["a+c/linear"] and directories.fingerprint(tmp_path) == first
    other = dataclasses.replace(asking, context="other code")
    families.run(tmp_path, merges[:1], other)
    assert formed[4:] == ["a+b/linear"]
    aligned = dataclasses.replace(merges[0], align="experts/a")
    families.run(tmp_path, [aligned], other)
    assert formed[5:] == ["a+b/linear"]
    assert merges[0].key == aligned.key[:-1]


def test_a_run_that_was_killed_goes_on_and_ends_with_the_same_bytes(
    folders, asking, tmp_path, formed, monkeypatch
):
    merges = [merge(folders, pair) for pair in PAIRS]
    families.run(tmp_path / "whole", merges, asking)
    plain, count = families._scored, []

    def dying(*given):
        count.append(1)
        if len(count) == 4:
            raise KeyboardInterrupt
        return plain(*given)

    monkeypatch.setattr(families, "_scored", dying)
    with pytest.raises(KeyboardInterrupt):
        families.run(tmp_path / "killed", merges, asking)
    assert not (tmp_path / "killed" / "manifest.json").exists()
    with open(tmp_path / "killed" / families.JOURNAL, "a") as journal:
        journal.write('{"key": "cut sho')
    monkeypatch.setattr(families, "_scored", plain)
    formed.clear()
    families.run(tmp_path / "killed", merges, asking)
    assert formed == ["a+c/linear", "b+c/linear"]
    prints = [directories.fingerprint(tmp_path / name) for name in ("whole", "killed")]
    assert prints[0] == prints[1]


def test_a_further_test_set_is_asked_alone(folders, asking, tmp_path, formed, monkeypatch):
    families.run(tmp_path, [merge(folders, "ab", ("t/en-hi",))], asking)
    asked, plain = [], families._scored
    monkeypatch.setattr(
        families,
        "_scored",
        lambda live, asking, name: asked.append(name) or plain(live, asking, name),
    )
    families.run(tmp_path, [merge(folders, "ab")], asking)
    assert asked == ["t/hi-en"] and len(formed) == 2


def test_members_that_are_not_there_are_fetched_for_their_merge_alone(
    folders, asking, tmp_path, monkeypatch
):
    """As states along training on the hub: the disk holds those of one merge at a time."""
    there, plain = [], families._scored

    def watch(live, *rest):
        there.append([p.name for p in tmp_path.iterdir() if p.name.startswith(families.FETCHED)])
        return plain(live, *rest)

    def take_in(folder, base, tokenizer, hub, revision, path):
        assert (revision, path, tokenizer) == ("step_1", None, False)
        for file in (folders / hub).iterdir():
            shutil.copyfile(file, Path(folder, file.name))
        assert len([p for p in tmp_path.iterdir() if p.name.startswith(families.FETCHED)]) <= 2

    monkeypatch.setattr(families, "_scored", watch)
    monkeypatch.setattr(families.taking, "take_in", take_in)
    away = [
        dataclasses.replace(
            merge(folders, pair),
            members={n: {"hub": n, "revision": "step_1", "path": None} for n in pair},
        )
        for pair in PAIRS
    ]
    (tmp_path / f"{families.FETCHED}left").mkdir()
    families.run(tmp_path, away, asking)
    assert not any(there) and len(there) == 6
    families.run(tmp_path / "own", [merge(folders, pair) for pair in PAIRS], asking)
    for pair in PAIRS:
        name = f"{'+'.join(pair)}/linear/t/hi-en.json"
        assert (tmp_path / name).read_text() == (tmp_path / "own" / name).read_text()


def test_a_state_is_a_merge_of_itself(folders, asking):
    alone = dataclasses.replace(merge(folders, "a"), method="")
    live = Live(folders / "base")
    live.take(*families._formed(alone, {"experts/a": str(folders / "a")}, asking))
    own = loading.load(folders / "a", "float32")[0].state_dict()
    assert all(torch.equal(tensor, own[name]) for name, tensor in live.model.state_dict().items())


def test_models_whose_tokenizers_differ_are_refused_by_name(folders, asking, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(folders / "b", other)
    told = json.loads((other / "tokenizer.json").read_text())
    vocabulary = told["model"]["vocab"]
    one, two = list(vocabulary)[-2:]
    vocabulary[one], vocabulary[two] = vocabulary[two], vocabulary[one]
    (other / "tokenizer.json").write_text(json.dumps(told))
    mixed = merge(folders, "ab")
    mixed = dataclasses.replace(
        mixed, members={**mixed.members, "experts/b": {"folder": str(other)}}
    )
    with pytest.raises(ValueError, match=r"tokenizer.json: base has .* experts/b at"):
        families.run(tmp_path / "live", [mixed], asking)
