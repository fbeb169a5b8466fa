"""What one way from members to a model refuses, all refuse, before a tensor is read.

The ways: a dry run and a merge of the command line, `check_files` and `merge_files`, `merge`, and a
sweep's `prepare`, which a sweep's job comes through before a point is scored.
"""

import json
import shutil
from dataclasses import dataclass, field
from typing import Any

import made_up_adapters
import pytest
import tiny_models
import torch
import yaml
from safetensors.torch import load_file, save_file

from babelmerge import merging
from babelmerge.command import line
from babelmerge.merging import files
from babelmerge.recipes import recipes

FULL, ADAPTERS, BOTH = ("a", "b"), ("x", "y"), ("a", "y")


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """A base, full experts a, b and c, adapters x and y."""
    root, base = tmp_path_factory.mktemp("ways"), tiny_models.model(0, tied=False)
    for number, id_ in enumerate(("base", "a", "b", "c")):
        tiny_models.save(tiny_models.near(base, number) if number else base, root / id_)
    for seed, id_ in enumerate(ADAPTERS):
        made_up_adapters.write(root / id_, base, seed)
    return root


@dataclass(frozen=True)
class Case:
    """told: in every message. ids: of the experts. mend: what is done to the folder before."""

    told: str
    ids: tuple[str, ...] = FULL
    method: str = "task_arithmetic"
    point: dict[str, Any] = field(default_factory=lambda: {"weight": 0.5})
    mend: Any = None
    base: str = "base"
    align: bool | str = False


def changed(name, change):
    """A JSON file in which something is changed."""

    def mend(folder):
        content = json.loads((folder / name).read_text())
        change(content)
        (folder / name).write_text(json.dumps(content))

    return mend


def config(name="a/config.json", **more):
    return changed(name, lambda content: content.update(more))


def weights(change, file="a/model.safetensors"):
    def mend(folder):
        tensors = load_file(folder / file)
        save_file(change(tensors), folder / file, {"format": "pt"})

    return mend


def swapped(content):
    ids = content["model"]["vocab"]
    first, second = list(ids)[-2:]
    ids[first], ids[second] = ids[second], ids[first]


def one_more(content):
    content["model"]["vocab"]["zzz"] = len(content["model"]["vocab"])


def linked(folder):
    (folder / "a" / "config.json").rename(folder / "elsewhere.json")
    (folder / "a" / "config.json").symlink_to(folder / "elsewhere.json")


def pickled(folder):
    (folder / "a" / "model.safetensors").rename(folder / "a" / "pytorch_model.bin")


def ends_otherwise(folder):
    changed("a/tokenizer.json", one_more)(folder)
    config("a/tokenizer_config.json", eos_token="zzz", chat_template="x")(folder)


NAME, FACTORS = "model.layers.0.mlp.up_proj.weight", "x/adapter_model.safetensors"
GONE = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
SLOW = {"value": 0.5}
REFUSED = {
    "quantised": Case("quantised", mend=config(quantization_config={"quant_method": "gptq"})),
    "architecture": Case("architectures", mend=config(**GONE)),
    "key": Case("rms_norm_eps", mend=config(rms_norm_eps=0.5)),
    "tensor gone": Case(NAME, mend=weights(lambda t: {n: v for n, v in t.items() if n != NAME})),
    "tensor more": Case("zzz", mend=weights(lambda t: {**t, "zzz": torch.ones(2)})),
    "shape": Case(NAME, mend=weights(lambda t: {**t, NAME: torch.ones(3, 3)})),
    "whole numbers": Case(NAME, mend=weights(lambda t: {**t, NAME: t[NAME].int()})),
    "token moved": Case("tokens differ", mend=changed("a/tokenizer.json", swapped)),
    "token without row": Case("64 rows", mend=changed("a/tokenizer.json", one_more)),
    "tokenizer": Case("no vocabulary", mend=changed("a/tokenizer.json", dict.clear)),
    "link": Case("is a link to", mend=linked),
    "pickle": Case("is a pickle", mend=pickled),
    "config gone": Case("config.json", mend=lambda folder: (folder / "a/config.json").unlink()),
    "folder gone": Case("no such", mend=lambda folder: shutil.rmtree(folder / "a")),
    "base an adapter": Case("x: ", base="x"),
    "parameter": Case("no parameter 'zzz'", point={"zzz": 1}),
    "range": Case("density is 1.5", method="ties", point={"density": 1.5}),
    "filter": Case("filter 'zzz'", point={"weight": [{"filter": "zzz", "value": 1}, SLOW]}),
    "filter, adapters": Case(
        "filter 'zzz'", ADAPTERS, point={"weight": [{"filter": "zzz", "value": 1}, SLOW]}
    ),
    "sum": Case("sum to 0", method="linear", point={"weight": [1, -1], "normalize": True}),
    "sum, adapters": Case(
        "sum to 0", ADAPTERS, "linear", point={"weight": [1, -1], "normalize": True}
    ),
    "sum, nuslerp": Case("sum to 0", method="nuslerp", point={"weight": [1, -1]}),
    "blocks": Case("of 2 blocks", method="layer_swap", point={"from": "a", "blocks": "7-9"}),
    "top": Case("of 2 blocks", method="layer_swap", point={"from": "a", "top": 9}),
    "fisher": Case("fisher statistics of a", method="fisher", point={}),
    "regmean": Case("gram statistics of a", method="regmean", point={}),
    "fisher, adapters": Case("fisher statistics of x", ADAPTERS, "fisher", point={}),
    "factors": Case("factors of LoRA adapters", method="ctm", point={}),
    "factors, both": Case("factors of LoRA adapters", BOTH, "ctm", point={}),
    "number": Case("merges 2 experts, found 3", ("a", "b", "c"), "slerp", {"t": 0.5}),
    "template": Case("chat_template is 'zzz'", point={"weight": 1, "chat_template": "zzz"}),
    "embeddings": Case("embeddings is 'zzz'", point={"weight": 1, "embeddings": "zzz"}),
    "device": Case("device is 'tpu'", point={"weight": 1, "device": "tpu"}),
    "align, adapter": Case("leave align out", ("x",), align=True),
    "align, nobody": Case("align is 'zzz'", align="zzz"),
    "align, statistics": Case("align: regmean", method="regmean", point={}, align=True),
    "epsilon": Case("epsilon", method="della", point={"density": 0.9, "epsilon": 0.2}),
    "adapter empty": Case("is empty", ADAPTERS, mend=weights(lambda t: {}, FACTORS)),
    "adapter of ZeRO-3": Case(
        "no elements",
        ADAPTERS,
        mend=weights(lambda t: {n: torch.zeros(0) for n in t}, FACTORS),
    ),
    "adapter's kind": Case("IA3", ADAPTERS, mend=config("x/adapter_config.json", peft_type="IA3")),
    "adapter's rank": Case("rank 64", ADAPTERS, mend=config("x/adapter_config.json", r=64)),
    "adapter's blocks": Case(
        "the base lacks",
        ADAPTERS,
        mend=weights(lambda t: {n.replace("s.0", "s.9"): v for n, v in t.items()}, FACTORS),
    ),
    "adapter's rank, both": Case("rank 64", BOTH, mend=config("y/adapter_config.json", r=64)),
}
if not torch.cuda.is_available():
    REFUSED["no GPU"] = Case("sees no GPU", point={"weight": 1, "device": "cuda:7"})


def ways(folder, case, capsys):
    """Name -> what is tried."""
    base, experts = folder / case.base, {id_: folder / id_ for id_ in case.ids}
    point = {"embeddings": "strict", **case.point}
    out = folder / "out"

    def recipe():
        given = case.method, case.point
        made = recipes.make_recipe(base, experts, *given, align=case.align)
        (folder / "recipe.yaml").write_text(yaml.safe_dump(made))
        return folder / "recipe.yaml"

    def commanded(*options):
        if line.main(["merge", str(recipe()), str(out), *options]):
            raise ValueError(capsys.readouterr().err)

    def swept():
        align, embeddings = case.align, point["embeddings"]
        sweep = merging.Sweep(base, experts, case.method, align=align, embeddings=embeddings)
        sweep.prepare([case.point])

    found = {
        "dry run": lambda: commanded("--dry-run"),
        "command": lambda: commanded(),
        "check_files": lambda: files.check_files(recipe(), out),
        "merge_files": lambda: merging.merge_files(recipe(), out),
        "sweep": swept,
    }
    if not case.align:
        found["merge"] = lambda: merging.merge(base, experts, case.method, **case.point)
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_what_one_way_refuses_all_refuse(family, tmp_path, capsys, name):
    case = REFUSED[name]
    folder = shutil.copytree(family, tmp_path / "family")
    if case.mend:
        case.mend(folder)
    for way, tried in ways(folder, case, capsys).items():
        with pytest.raises(ValueError) as error:
            tried()
        assert case.told in str(error.value), (way, str(error.value))
        assert "Traceback" not in str(error.value)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("ids", [FULL, ADAPTERS, BOTH])
def test_what_one_way_takes_all_take(family, tmp_path, capsys, ids):
    folder = shutil.copytree(family, tmp_path / "family")
    for tried in ways(folder, Case("", ids), capsys).values():
        tried()
        shutil.rmtree(folder / "out", ignore_errors=True)


def test_what_speaks_of_tokens_that_are_not_there_is_refused_wherever_it_is_asked(
    family, tmp_path, capsys
):
    """In memory there is no tokenizer, so that `merge` has nothing to refuse."""
    folder = shutil.copytree(family, tmp_path / "family")
    ends_otherwise(folder)
    point = {"weight": 0.5, "chat_template": "a", "embeddings": "base"}
    tries = ways(folder, Case("", point=point), capsys)
    for way in ("dry run", "check_files", "sweep"):
        with pytest.raises(ValueError, match="a ends texts with 'zzz', which the merge's"):
            tries[way]()


def test_threads_are_counted_from_one(family):
    experts = {id_: family / id_ for id_ in FULL}
    for made in (merging.Sweep, merging.merge):
        with pytest.raises(ValueError, match="threads is -1; expected a whole number from 1"):
            made(family / "base", experts, "linear", threads=-1)


def test_mergekit_forms_no_merge_in_memory(family):
    base, experts = family / "base", {id_: family / id_ for id_ in FULL}
    point = {"weight": 0.5, "backend": "mergekit"}
    with pytest.raises(ValueError, match="forms no merge in memory; use merge_files"):
        merging.merge(base, experts, "task_arithmetic", **point)
    with pytest.raises(ValueError, match="forms no merge in memory"):
        merging.Sweep(base, experts, "task_arithmetic").prepare([point])
