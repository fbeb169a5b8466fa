"""Recipes, models and adapters with mistakes in them, and what the commands make of each.

`python tests/support/hostile/mutated_models.py --mutations 3000 --seed 1` (in the project's folder,
with PYTHONPATH=workflow/scripts:tests/support) tries that many. Whatever is wrong must be named, on
a line that acts on no terminal, and at once; what is accepted must give the model that safetensors
and numpy make of the same files, and hold nothing of a file that lies elsewhere.
"""

import argparse
import contextlib
import io
import itertools
import json
import os
import random
import resource
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import made_up_adapters
import numpy as np
import tiny_models
import yaml
from hostile.mistakes import RECIPES, WEIGHTS, Mutation, mutations
from mutated_studies import limited, report
from safetensors.numpy import load_file

from babelmerge.command import line
from babelmerge.models import taking

SECRET = "SECRET-OF-SOMEBODY-ELSE"
MEMORY = 12 << 30  # bytes of addresses, for whoever runs this by hand


def brought(folder: Path) -> Path:
    """Base, two experts, an adapter and their recipes, in a folder."""
    base = tiny_models.model(0, tied=False)
    for number, id_ in enumerate(("base", *WEIGHTS)):
        tuned = tiny_models.near(base, number) if number else base
        tiny_models.save(tuned, folder / id_)
        (folder / id_ / "model.safetensors").chmod(0o644)
    tuned.save_pretrained(folder / "b", max_shard_size="20KB")
    (folder / "b" / "model.safetensors").unlink()
    (folder / "b" / "manifest.json").write_text('{"fingerprint": "f", "files": {"a": "b"}}')
    made_up_adapters.write(folder / "lora", base, 1)
    patterns = {"rank_pattern": {"layers.0.self_attn.q_proj": 2, "v_proj": 3}, "use_rslora": True}
    whole = {"modules_to_save": ["norm"], "target_modules": ["q_proj", "v_proj", "embed_tokens"]}
    made_up_adapters.write(folder / "ranks", base, 2, **patterns, **whole)
    speak_otherwise(shutil.copytree(folder / "a", folder / "c"))
    (folder / "secret.json").write_text(json.dumps({"secret": SECRET}))
    for name, recipe in RECIPES.items():
        (folder / name).write_text(yaml.safe_dump(recipe, sort_keys=False))
    return folder


def speak_otherwise(folder: Path) -> None:
    """Give a model other tokens, at other ids, and conventions of its own."""
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    ids = content["model"]["vocab"]
    content["model"]["vocab"] = {token: len(ids) - 1 - id_ for token, id_ in ids.items()}
    for entry in content["added_tokens"]:
        entry["id"] = content["model"]["vocab"][entry["content"]]
    file.write_text(json.dumps(content))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    template = {"chat_template": [{"name": "default", "template": "{{ x }}"}], "eos_token": "w3"}
    (folder / "tokenizer_config.json").write_text(json.dumps({**config, **template}))
    (folder / "special_tokens_map.json").write_text(json.dumps({"eos_token": "w3"}))
    ids = {"eos_token_id": [3, 5], "pad_token_id": 0, "bad_words_ids": [[1, 2]], "temperature": 0.5}
    (folder / "generation_config.json").write_text(json.dumps(ids))


def outcome(mutated: Mutation, folder: Path, command: str = "merge") -> tuple[str, str]:
    """(named, accepted, or what went wrong; what was said) of a command; all is put back."""
    path = folder / mutated.file
    before, content = path.read_bytes(), mutated.made() if mutated.made else b""
    path.unlink()
    try:
        if mutated.link:
            path.symlink_to(mutated.link)
        else:
            path.write_bytes(content)
        with contextlib.chdir(folder):
            return limited(lambda: COMMANDS[command](mutated))
    finally:
        path.unlink(missing_ok=True)
        path.write_bytes(before)


def said(argv: list[str]) -> tuple[int, str]:
    """(exit code, all that was printed) of a command, by libraries past Python too."""
    told = io.StringIO()
    with heard() as below, contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            code = line.main(argv)
        except SystemExit as end:
            code = end.code
    return code, told.getvalue() + below[0]


@contextlib.contextmanager
def heard() -> Iterator[list[str]]:
    """What is written to the process's own output, in the end, but for bars of progress."""
    found, kept = [""], [os.dup(number) for number in (1, 2)]
    with tempfile.TemporaryFile() as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield found
        finally:
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)
            file.seek(0)
            found[0] = file.read().decode(errors="replace").replace("\r", "")


def judged(mutated: Mutation, code: int, told: str) -> tuple[str, str]:
    if "Traceback" in told:
        return "traceback", told[-600:]
    if not told.replace("\n", "").isprintable():
        return "acts on terminals", repr(told)
    if code == 2:
        words = (mutated.recipe, mutated.file.split("/")[0])
        return ("named" if any(word in told for word in words) else "unnamed"), told
    return "accepted", told


def merged(mutated: Mutation) -> tuple[str, str]:
    with tempfile.TemporaryDirectory() as out:
        result, told = judged(mutated, *said(["merge", mutated.recipe, f"{out}/made"]))
        if result != "accepted":
            return result, told
        files = [path for path in Path(out).rglob("*") if path.is_file()]
        if [path for path in files if SECRET.encode() in path.read_bytes()]:
            return "copied", "a file from elsewhere"
        return ("wrong", why) if (why := wrong(mutated, Path(out, "made"))) else (result, told)


def wrong(mutated: Mutation, out: Path) -> str:
    """What is wrong with a merged model; of mutated recipes only whether it is one."""
    try:
        made, base = tensors(out), tensors(Path("base"))
    except TypeError:  # numpy has no bfloat16
        return ""
    except Exception as error:
        return f"{type(error).__name__} {error}"
    if not made:
        return "no tensors"
    floats = {name: one for name, one in made.items() if one.dtype.kind == "f"}
    if bad := [name for name, one in floats.items() if not np.isfinite(one).all()]:
        return f"{bad[0]} is not finite"
    if mutated.recipe != "sum.yml" or mutated.file == mutated.recipe:
        return ""
    if set(made) != set(base):
        return f"names {set(made) ^ set(base)}"
    experts = {id_: tensors(Path(id_)) for id_ in WEIGHTS}
    for name, start in base.items():
        expected = start + sum(w * (experts[id_][name] - start) for id_, w in WEIGHTS.items())
        if expected.shape != made[name].shape or not np.allclose(made[name], expected, atol=1e-6):
            return f"{name} is another"
    return ""


def tensors(folder: Path) -> dict[str, np.ndarray]:
    return {k: v for file in folder.glob("*.safetensors") for k, v in load_file(file).items()}


def looked_at(mutated: Mutation) -> tuple[str, str]:
    """inspect, diff and a dry run of the same."""
    member = mutated.file.split("/")[0] if "/" in mutated.file else "a"
    other = "a" if member != "a" else "b"
    for argv in (
        ["merge", "--dry-run", mutated.recipe, "nowhere"],
        ["diff", "base", member] if member != "base" else ["diff", other, member],
        ["inspect", "base", other, member] if member != "base" else ["inspect", "base", "a", "b"],
    ):
        result, told = judged(mutated, *said(argv))
        if result not in ("accepted", "named") and not (result == "unnamed" and argv[0] != "merge"):
            return result, f"{argv}: {told}"
    return result, told


def taken(mutated: Mutation) -> tuple[str, str]:
    """A model or adapter of a study taken in."""
    member = mutated.file.split("/")[0] if "/" in mutated.file else "a"
    with tempfile.TemporaryDirectory() as out, contextlib.redirect_stderr(io.StringIO()):
        base = Path("base") if member in ("lora", "ranks") else None
        try:
            taking.take_in(Path(out), base, path=member)
        except ValueError as error:
            return ("named" if member in str(error) else "unnamed"), str(error)
        files = [path for path in Path(out).rglob("*") if path.is_file()]
        if [path for path in files if SECRET.encode() in path.read_bytes()]:
            return "copied", "a file from elsewhere"
    return "accepted", ""


COMMANDS = {"merge": merged, "look": looked_at, "take": taken}


def unlike(folder: Path) -> list[str]:
    """What is said of files without a mistake; kernels that others will wait for are compiled."""
    right = [Mutation("none", "", name, name) for name in RECIPES]
    with contextlib.chdir(folder):
        found = [(m.recipe, name, *call(m)) for m in right for name, call in COMMANDS.items()]
    return [" ".join(one) for one in found if one[2] != "accepted"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", choices=COMMANDS)
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    chosen = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as place:
        folder = brought(Path(place))
        assert not (bad := unlike(folder)), bad
        tried = itertools.islice(mutations(folder, asked.seed), asked.mutations)
        commands = ((m, asked.command or chosen.choice([*COMMANDS])) for m in tried)
        report(
            (f"{c}: {m.kind}", m.what, lambda m=m, c=c: outcome(m, folder, c)) for m, c in commands
        )


if __name__ == "__main__":
    main()
