"""Points scored by one process or by several: the same scores, and a worker's failure is told."""

import dataclasses
import os
import runpy
import shutil
import signal
import sys

import pytest
import torch
from families import family
from tiny_training import ASKED, PROMPT, make_model, make_rows, make_tokenizer

from babelmerge import merging
from babelmerge.evaluation.sweeps import beyond, journal, tasks
from babelmerge.evaluation.sweeps import scoring as sweep_scoring
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes
from babelmerge.training import train as training

torch.set_num_threads(1)
GRID = [{"density": d, "weight": w} for d in (0.3, 0.8) for w in (0.2, 1.0, 3.0)]


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    training.train(
        model,
        tokenizer,
        make_rows(400, seed=1),
        None,
        prompt=PROMPT,
        settings={"learning_rate": 5e-3, "steps": 120, "batch_size": 32, "scheduler": "linear"},
        seed=0,
        out_dir=root / "base",
        run_dir=root / "run",
    )
    folders = {name: str(root / name) for name in ("base", "a", "b")}
    for seed, name in enumerate(("a", "b")):  # as if fine-tuned: the base with noise
        generator = torch.Generator().manual_seed(seed)
        state = {
            n: t + 0.1 * torch.randn(t.shape, generator=generator)
            for n, t in checkpoints.Checkpoint(root / "base").state_dict().items()
        }
        shutil.copytree(root / "base", folders[name])
        checkpoints.save_state_dict(folders[name], state)
    base = folders.pop("base")
    rows = make_rows(6, seed=3, longest=5)
    return sweep_scoring.Task(
        base=base,
        members=folders,
        method="ties",
        dev={"one": rows[:3], "two": rows[3:]},
        metric="chrf",
        asked={"one": ASKED, "two": ASKED},
        generation={"dtype": "float32", "max_new_tokens": 6, "batch_size": 4},
    )


class Forked:
    """A worker as `python -m module`, in a process forked from this one, which has torch."""

    def __init__(self, command, env, **_):
        asked, answers = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                sys.stdin, sys.stdout = os.fdopen(asked[0]), os.fdopen(answers[1], "w")
                os.close(asked[1])
                os.environ.update(env)
                runpy.run_module(command[command.index("-m") + 1], run_name="__main__")
            finally:
                os._exit(1)
        os.close(asked[0])
        os.close(answers[1])
        self.stdin, self.stdout = os.fdopen(asked[1], "w"), os.fdopen(answers[0])

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)

    def wait(self):
        return os.waitpid(self.pid, 0)[1]


def test_two_workers_give_the_scores_of_one_process(task, monkeypatch):
    alone = {i: scores for i, scores, _ in sweep_scoring.score_points(task, GRID, ["cpu"])}
    assert sorted(alone) == list(range(len(GRID)))
    assert len({tuple(scores.values()) for scores in alone.values()}) > 1
    monkeypatch.setattr(sweep_scoring.subprocess, "Popen", Forked)
    shared = sweep_scoring.score_points(task, GRID, ["cpu", "cpu"])
    assert {i: scores for i, scores, _ in shared} == alone


def test_workers_stay_from_one_asking_to_the_next(task, monkeypatch):
    monkeypatch.setattr(sweep_scoring.subprocess, "Popen", Forked)
    with sweep_scoring.scorer(task, [], ["cpu", "cpu"]) as score:
        asked = [{i: scores for i, scores, _ in score(part)} for part in (GRID[:2], GRID[2:3])]
    with sweep_scoring.scorer(task, [], ["cpu"]) as score:
        alone = [{i: scores for i, scores, _ in score(part)} for part in (GRID[:2], GRID[2:3])]
    assert asked == alone and [sorted(part) for part in asked] == [[0, 1], [0]]


@pytest.mark.parametrize("by", ["layer-band", "module"])
def test_what_a_search_finds_is_written_bit_for_bit(task, by, tmp_path):
    cfg = {"method": "ties", "members": list(task.members), "grid": [GRID[0]]}
    cfg["search"] = {"seed": 0, "points": 14, "by": by, "bands": 2, "rows": 2}
    table = beyond.run(cfg, task, None, tmp_path / "journal", ("code", "lock"))
    table.to_csv(tmp_path / "search.tsv", sep="\t", index=False)
    again = beyond.run(cfg, task, None, tmp_path / "journal", ("code", "lock"))
    assert again.to_csv() == table.to_csv() and len(table) == 14
    point = journal.winner(cfg["grid"], tmp_path / "search.tsv")
    recipe = recipes.make_recipe(task.base, task.members, "ties", point)
    recipes.write_recipe(recipe, tmp_path / "recipe.yaml")
    merged = merging.merge_files(tmp_path / "recipe.yaml", tmp_path / "merged")
    written = checkpoints.Checkpoint(merged).state_dict()
    ((_, formed),) = merging.Sweep(task.base, task.members, "ties").points([point])
    assert all(torch.equal(written[name], formed[name]) for name in formed)
    ((_, best),) = table[table["selected"]].iterrows()
    whole, seen, unseen = (
        sweep_scoring.Scorer(dataclasses.replace(rows, base=str(merged)), []).dev_scores()
        for rows in (task, *tasks.halved(task, 2))
    )
    assert journal.mean_of(whole.values()) == best["whole"]
    assert seen == {name: best[name] for name in seen}
    assert unseen == {name: best[tasks.HELD.format(name)] for name in unseen}


def test_a_point_of_mixtures_of_experts_scores_as_its_merged_folder(task, tmp_path):
    """The experts lie apart in the folders and packed in the model that the points are put into."""
    model = family("mixtral")
    folders = {name: str(tmp_path / name) for name in ("base", "a", "b")}
    for seed, folder in enumerate(folders.values()):
        torch.manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.3 * torch.randn(parameter.shape)
        model.save_pretrained(folder)
        make_tokenizer().save_pretrained(folder)
    base = folders.pop("base")
    mixtures = dataclasses.replace(task, base=base, members=folders)
    point = {"density": 0.5, "weight": 0.7}
    ((_, scores, _),) = sweep_scoring.score_points(mixtures, [point], ["cpu"])
    recipe = recipes.make_recipe(base, folders, "ties", point)
    merged = dataclasses.replace(mixtures, base=str(merging.merge_files(recipe, tmp_path / "out")))
    assert scores == sweep_scoring.Scorer(merged, [point]).dev_scores()
    assert scores != sweep_scoring.Scorer(mixtures, [point]).dev_scores()


def test_points_that_share_an_update_stay_together(task):
    families = sweep_scoring._families(task, GRID)
    assert [[i for i, _ in family] for family in families] == [[0, 1, 2], [3, 4, 5]]


def test_a_worker_that_fails_ends_the_sweep(task, tmp_path, monkeypatch, capfd):
    failing = tmp_path / "python"
    failing.write_text("#!/bin/sh\nread order; echo gone >&2; exit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(sweep_scoring.sys, "executable", str(failing))
    with pytest.raises(RuntimeError, match="worker ended with code 1"):
        list(sweep_scoring.score_points(task, GRID, ["cpu", "cpu"]))
    assert "gone" in capfd.readouterr().err
