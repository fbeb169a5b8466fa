"""LoRA: what is trained, what is written, what a killed run repeats, and what cannot be adapted."""

import hashlib
from pathlib import Path

import families
import peft
import pytest
import tiny_training
import torch
from safetensors.torch import load_file
from tiny_training import make_model, make_rows, make_tokenizer

from babelmerge.files.directories import MANIFEST, write_json
from babelmerge.models import adapter_base, adapter_config, loading
from babelmerge.models.adapters import Adapter, Folded
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.training import loop as training_loop
from babelmerge.training import lora as lora_training
from babelmerge.training import weights as trained_weights

LORA = {"r": 4, "alpha": 8}
FULL = LORA | {"keep": "full"}


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def base_of(tokenizer, **changes):
    return make_model(tokenizer, model_type="llama", **changes)


def run(folder, tokenizer, model=None, lora=LORA, **settings):
    """(the base as it was, training.json) of a run in `folder`."""
    model = model or base_of(tokenizer)
    base = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    record = tiny_training.run(
        folder, tokenizer, model=model, method="lora", lora=lora, **settings
    )[1]
    return base, record


def saved_base(folder, model, tokenizer):
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def adapter_bytes(folder: Path) -> list[str]:
    files = (folder / "model" / name for name in (adapter_config.CONFIG, adapter_config.WEIGHTS))
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


# --- what is trained and written --------------------------------------------------------------


@pytest.mark.parametrize("change", [{}, {"rslora": True, "targets": ["q_proj"]}, {"dora": True}])
def test_the_full_model_is_what_peft_makes_of_base_and_adapter(tmp_path, tokenizer, change):
    saved_base(tmp_path / "base", base_of(tokenizer), tokenizer)
    base, record = run(tmp_path, tokenizer, lora=FULL | change)
    written = load_file(tmp_path / "model" / "model.safetensors")
    adapter = adapter_config.adapter_of(tmp_path / "model")
    theirs = peft.PeftModel.from_pretrained(base_of(tokenizer), adapter).merge_and_unload()
    for name, tensor in theirs.state_dict().items():
        if name in written:
            assert torch.equal(written[name], tensor), name
    changed = {name for name in written if not torch.equal(written[name], base[name])}
    assert all(name.endswith("_proj.weight") for name in changed) and changed
    assert record["lost_share"] == 0
    ours = Folded(Adapter(adapter, Checkpoint(tmp_path / "base")))
    for name in changed:
        torch.testing.assert_close(ours.read(name), written[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "kind", "change"),
    [
        (torch.float32, "llama", {}),
        (torch.bfloat16, "llama", {"rslora": True, "targets": ["q_proj"]}),
        (torch.bfloat16, "llama", {"dora": True}),
        (torch.float32, "gpt2", {"dora": True}),
        (torch.float32, "mixtral", {"targets": "all-linear"}),
    ],
)
def test_base_and_adapter_alone_are_the_full_model(tmp_path, kind, change, dtype):
    """What is loaded of the two is, bit for bit, what `keep: full` writes."""
    tokenizer = families.TOKENIZER
    place = saved_base(tmp_path / "base", families.family(kind).to(dtype), tokenizer)
    folders, records = [tmp_path / "alone" / "model", tmp_path / "full" / "model"], []
    for folder, kept in zip(folders, (LORA, FULL), strict=True):
        model, _ = loading.load(place, "auto", where="cpu")
        records.append(run(folder.parent, tokenizer, model, kept | change)[1])
    facts = {"base": adapter_base.fact(folders[0], place)}
    write_json(folders[0] / MANIFEST, facts)
    assert not list(folders[0].glob("model*.safetensors")) + list(folders[0].glob("config.json"))
    (loaded, _), (full, _) = (loading.load(folder, "auto", where="cpu") for folder in folders)
    configs = [one.config.to_dict() | {"_name_or_path": ""} for one in (loaded, full)]
    assert full.dtype == dtype and configs[0] == configs[1]
    assert loaded.generation_config.to_dict() == full.generation_config.to_dict()
    for name, tensor in full.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name
    for key in ("dtype", "lost_share", "unchanged_share", "parameters", "trained_parameters"):
        assert records[0][key] == records[1][key]
    theirs = peft.PeftModel.from_pretrained(loading.load(place, where="cpu")[0], folders[0])
    merged = theirs.merge_and_unload().to(dtype).state_dict()
    assert all(torch.equal(merged[name], tensor) for name, tensor in full.state_dict().items())


def test_only_the_adapter_is_trained_and_counted(tmp_path, tokenizer):
    lora = LORA | {"targets": ["v_proj", "down_proj"]}
    _, record = run(tmp_path, tokenizer, lora=lora, steps=20, learning_rate=2e-2)
    assert record["last_loss"] < record["first_loss"] - 0.1
    weights = load_file(adapter_config.adapter_of(tmp_path / "model") / adapter_config.WEIGHTS)
    assert {name.rpartition(".lora_")[0].rpartition(".")[2] for name in weights} == {
        "v_proj",
        "down_proj",
    }
    assert record["trained_parameters"] == sum(tensor.numel() for tensor in weights.values())
    assert record["parameters"] == sum(p.numel() for p in base_of(tokenizer).parameters())
    assert all(tensor.dtype == torch.float32 for tensor in weights.values())
    config = adapter_config.read_config(adapter_config.adapter_of(tmp_path / "model"))
    assert (config.r, config.alpha, config.dora, config.rslora) == (4, 8, False, False)


@pytest.mark.parametrize("dora", [False, True])
def test_a_bfloat16_base_is_folded_in_float32_and_rounded_once(tmp_path, tokenizer, dora):
    """The base's own dtype is kept, whatever is trained in; what rounding undoes is counted."""
    model = base_of(tokenizer).to(torch.bfloat16)
    saved_base(tmp_path / "base", model, tokenizer)
    settings = {"dtype": "bfloat16", "learning_rate": 5e-5}
    base, record = run(tmp_path, tokenizer, model, FULL | {"dora": dora}, **settings)
    written = load_file(tmp_path / "model" / "model.safetensors")
    adapter = Adapter(adapter_config.adapter_of(tmp_path / "model"), Checkpoint(tmp_path / "base"))
    changed = lost = 0
    for name in adapter.names:
        exact = base[name].float() + adapter.delta(name)
        near = (exact.to(torch.bfloat16) == written[name]).float().mean()
        assert near > 0.999, name  # where sums in another order lie on a tie of rounding
        changed += int((exact != base[name].float()).sum())
        lost += int(((exact != base[name].float()) & (written[name] == base[name])).sum())
    assert record["dtype"] == "bfloat16" and 0.2 < record["lost_share"] < 1
    assert record["lost_share"] == pytest.approx(lost / changed, abs=0.01)


def test_training_in_another_dtype_leaves_the_base_as_it_was(tmp_path, tokenizer):
    base, _ = run(tmp_path, tokenizer, dtype="bfloat16", lora=FULL | {"targets": "q_proj"})
    written = load_file(tmp_path / "model" / "model.safetensors")
    for name, tensor in written.items():
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, base[name]) != ("q_proj" in name)


def test_positions_keep_their_precision_in_bfloat16(tokenizer):
    model = base_of(tokenizer)
    expected = {name: buffer.clone() for name, buffer in model.named_buffers()}
    trained_weights.move(model, torch.device("cpu"), torch.bfloat16)
    assert expected and all(torch.equal(b, expected[n]) for n, b in model.named_buffers())
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}


def test_gradient_checkpointing_and_parts_change_nothing_but_rounding(tmp_path, tokenizer):
    _, record = run(tmp_path / "1", tokenizer, steps=4)
    for number, change in enumerate(
        ({"gradient_checkpointing": True}, {"gradient_accumulation": 2})
    ):
        _, other = run(tmp_path / f"other{number}", tokenizer, steps=4, **change)
        assert other["last_loss"] == pytest.approx(record["last_loss"], rel=1e-5)


def test_an_adapter_on_an_untied_head_is_in_the_loss(tmp_path, tokenizer):
    """The loss takes a short way past a plain head, which must not be the way past an adapter."""
    model = base_of(tokenizer, tie_word_embeddings=False)
    lora, rate = FULL | {"targets": ["lm_head"]}, 5e-2
    base, record = run(tmp_path, tokenizer, model, lora, learning_rate=rate)
    written = load_file(tmp_path / "model" / "model.safetensors")
    assert not torch.equal(written["lm_head.weight"], base["lm_head.weight"])
    assert record["last_loss"] < 0.9 * record["first_loss"]


# --- what a run repeats exactly ---------------------------------------------------------------

RESUMABLE = {"save_steps": 3, "eval_steps": 4, "steps": 14}


def train_resumable(folder: Path) -> dict:
    """A run with dropout and dev losses that passes epochs."""
    lora = LORA | {"dropout": 0.3}
    return run(folder, make_tokenizer(), dev=make_rows(6, seed=8), lora=lora, **RESUMABLE)[1]


def test_a_run_that_was_cut_short_ends_with_the_same_bytes(tmp_path, monkeypatch, caplog):
    undisturbed, plain = train_resumable(tmp_path / "undisturbed"), training_loop._step

    def step(job, rows, rate, number):
        if number == 8:
            raise KeyboardInterrupt
        return plain(job, rows, rate, number)

    monkeypatch.setattr(training_loop, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        train_resumable(tmp_path)
    monkeypatch.undo()
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    assert all(".lora_" in name for name in state["model"])
    caplog.set_level("INFO")
    resumed = train_resumable(tmp_path)
    assert "resuming after step 6 of 14" in caplog.text
    assert adapter_bytes(tmp_path) == adapter_bytes(tmp_path / "undisturbed")
    for key in ("tokens", "last_loss", "dev_losses", "kept_step", "lost_share"):
        assert resumed[key] == undisturbed[key], key


def test_dropout_is_drawn_and_the_seed_decides(tmp_path, tokenizer):
    lora = LORA | {"dropout": 0.3}
    losses = [
        run(tmp_path / str(n), tokenizer, lora=one, steps=3, seed=seed)[1]["last_loss"]
        for n, (one, seed) in enumerate([(lora, 1), (lora, 1), (lora, 2), (LORA, 1)])
    ]
    assert losses[0] == losses[1] and len(set(losses)) == 3


# --- what cannot be adapted -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lora", "message"),
    [
        ({"targets": ["q_proj", "v_prj"]}, "targets: found 'v_prj'.*did you mean 'v_proj'"),
        ({"targets": ["embed_tokens"]}, "found 'embed_tokens', which is no linear map"),
        ({"targets": "lm_head"}, "lm_head, which the base ties"),
        ({"r": 17}, r"lora.r: found 17, and .*k_proj is 16 x 32, whose rank is 16"),
        ({"keep": "both"}, "training.lora: found .*keep"),
        ({"alpha": -1.0}, "training.lora: found .*alpha"),
    ],
)
def test_an_adapter_that_the_base_cannot_have(tmp_path, tokenizer, lora, message):
    with pytest.raises(ValueError, match=message):
        run(tmp_path, tokenizer, lora=LORA | lora)
    assert not (tmp_path / "run").exists()


def test_a_map_of_another_name_in_files_cannot_be_kept_alone(tmp_path, tokenizer, monkeypatch):
    def packed(model, tensors):
        return {name.replace("q_proj", "qkv"): tensor for name, tensor in tensors.items()}

    monkeypatch.setattr(lora_training, "revert_weight_conversion", packed)
    with pytest.raises(ValueError, match=r"keep: found adapter, and .*q_proj.*expected full"):
        run(tmp_path, tokenizer)
    run(tmp_path, tokenizer, lora=LORA | {"targets": ["v_proj"]}, steps=1)
    run(tmp_path / "full", tokenizer, lora=FULL, steps=1)
