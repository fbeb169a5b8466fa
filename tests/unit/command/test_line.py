"""The command line: what it prints, its exit codes, its completions, and that it starts at once."""

import errno
import io
import json
import math
import os
import shutil
import subprocess
import sys
import types

import made_up_models
import pytest
import yaml
from places import SCRIPTS

from babelmerge.command import line as command_line
from babelmerge.command import merge, terminal
from babelmerge.files import directories, tensor_files
from babelmerge.recipes import recipes
from babelmerge.recipes.methods import METHODS


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    return made_up_models.family(tmp_path_factory.mktemp("family"))


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a command; returns (exit code, stdout, stderr)."""
    monkeypatch.setattr(sys, "argv", ["babelmerge"])

    def run(*words):
        try:
            code = command_line.main([str(word) for word in words])
        except SystemExit as stop:
            code = stop.code
        return code, *capsys.readouterr()

    return run


def started(code, **environment):
    """What a fresh interpreter prints for a piece of code."""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def written(family, *more, method="ties"):
    base, paths, *_ = family
    settings = ["--set", "density=0.4"] if method == "ties" else []
    experts = [word for id_ in ("hi", "bn") for word in ("--expert", f"{id_}={paths[id_]}")]
    return ["merge", "--method", method, "--base", base, *experts, *settings, *more]


def refused(run, words, *parts, code=2):
    """The command fails with one line that has these parts."""
    found, out, err = run(*words)
    assert (found, out) == (code, "")
    assert len(err.splitlines()) == 1 and "Traceback" not in err
    assert all(part in err for part in parts), err


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["merge", "--help"],
        ["methods"],
        ["methods", "ties"],
        ["merge", "no-such.yaml", "out"],
        ["merge", "--method", "tie", "--base", "b", "--expert", "e", "out"],
        ["completion", "zsh"],
    ],
)
def test_help_lists_and_early_errors_import_nothing_slow(words, tmp_path):
    code = f"""
import sys
from babelmerge.command import line as command_line
try:
    command_line.main({words!r})
except SystemExit:
    pass
slow = {{"torch", "numba", "transformers", "pandas", "scipy"}} & set(sys.modules)
print("slow:", *slow)
"""
    assert started(code).splitlines()[-1] == "slow:"


def test_help_has_examples_and_exit_codes(run):
    for command in ("merge", "methods", "inspect", "diff", "completion"):
        code, out, _ = run(command, "--help")
        assert code == 0 and "example" in out
        assert all(len(line) <= terminal.WIDTH for line in out.splitlines())
    assert "exit code: 0 if the models are the same, 1 if they differ, 2" in run("diff", "-h")[1]
    code, out, err = run()
    assert (code, out) == (2, "") and "commands" in err


def test_every_method_is_listed_with_its_defaults(run):
    code, out, _ = run("methods")
    assert code == 0
    for name, rule in METHODS.items():
        assert name in out and rule.summary in out
        code, one, _ = run("methods", name)
        assert code == 0 and all(key in one for key in rule.defaults)
        assert "babelmerge merge --method" in one
    assert "density required, weight 1, normalize true, lambda 1" in out
    assert all(len(line) <= terminal.WIDTH for line in out.splitlines())


def test_mistakes_are_one_line_with_the_remedy(run, family, tmp_path):
    base, paths, *_ = family
    out = tmp_path / "out"
    refused(run, ["mrge"], "'mrge'", "'merge'")
    refused(run, ["merge", "--densty", "1", "a", "b"], "--densty")
    refused(run, ["merge", "recipe.yaml"], "expected RECIPE and OUT, found recipe.yaml")
    refused(run, ["merge", tmp_path / "no.yaml", out], "no.yaml: no such recipe")
    refused(run, ["merge", "--base", base, out], "need --method")
    refused(run, ["merge", "--method", "tis", "--expert", base, out], "did you mean ties")
    refused(run, written(family, "--set", "densty=1", out), "did you mean density")
    refused(run, written(family, "--set", "density", out), "NAME=VALUE")
    refused(run, written(family, "--set", "density=0.5", out), "given twice")
    refused(run, written(family, "--set", "weight=1,2,3", out), "3 values for 2 experts")
    refused(run, written(family, "--expert", f"hi={base}", out), "both called 'hi'")
    refused(run, written(family, "--expert", "x=org/model", out), "hf download org/model")
    twin = f"{paths['hi']}i"
    refused(run, written(family, "--expert", f"x={twin}", out), f"{twin} (x)", "did you mean 'hi'")
    weights = next(paths["hi"].glob("*.safetensors"))
    refused(run, written(family, "--expert", f"x={weights}", out), f"lies in, {paths['hi']}")
    refused(run, written(family, "--expert", "x=~/hi", out), "~ is not read here")
    inside = "not a model directory; models lie in its folders base, bn, hi, ta: give one"
    refused(run, ["diff", base, base.parent], inside)
    refused(run, written(family, "--max-shard-size", "5XB", out), "5GB or 500MB")
    refused(run, ["methods", "tis"], "did you mean ties")
    refused(run, ["methods", "TIES"], "did you mean ties")
    refused(run, ["methods", "dare_linear"], "mergekit's dare_linear is dare here")
    refused(run, ["methods", "ties", "dare"], "dare")
    refused(run, ["inspect", base], "at least one EXPERT")
    refused(run, ["inspect", base, tmp_path / "none"], "no such model directory")
    refused(run, ["diff", base], "two models")
    refused(run, ["diff", base, tmp_path / "none"], "no such model directory")
    assert not out.exists()


def test_a_broken_recipe_names_file_and_key(run, family, tmp_path):
    base, paths, *_ = family
    recipe = recipes.make_recipe(base, paths, "ties", {"density": 0.5})
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({**recipe, "merge_methd": "ties"}))
    words = ["merge", tmp_path / "r.yaml", tmp_path / "out"]
    refused(run, words, "r.yaml", "'merge_methd'", "did you mean merge_method")
    (tmp_path / "r.yaml").write_text("a: [")
    refused(run, words, "r.yaml: not valid YAML")


def test_a_recipe_from_elsewhere_says_where_its_paths_start(run, family, tmp_path, monkeypatch):
    """As that in a merged model's folder, whose paths start where the merge was run."""
    base, paths, *_ = family
    (tmp_path / "work/models").mkdir(parents=True)
    (tmp_path / "work/models/base").symlink_to(base)
    (tmp_path / "work/models/hi").symlink_to(paths["hi"])
    monkeypatch.chdir(tmp_path / "work")
    words = ("--method", "task_arithmetic", "--base", "models/base", "--expert", "models/hi")
    assert run("merge", *words, "out")[0] == 0
    card = (tmp_path / "work/out/README.md").read_text()
    assert "# 1 expert merged" in card and "from the folder that the merge was run in" in card
    assert run("merge", "-n", "out/recipe.yaml", "again")[0] == 0
    monkeypatch.chdir(tmp_path / "work/out")
    refused(run, ["merge", "recipe.yaml", "again"], f"and this one at {tmp_path / 'work'}")


def test_a_long_list_of_keys_is_cut_by_file(run, family, tmp_path):
    """Other tokenizers differ in as many keys as they have tokens."""
    base, paths, *_ = family
    shutil.copytree(base, tmp_path / "other")
    config = json.loads((base / "config.json").read_text())
    own = {f"own_{number}": number for number in range(100)}
    (tmp_path / "other/config.json").write_text(json.dumps({**config, **own}))
    _, out, _ = run("diff", base, tmp_path / "other")
    assert (
        "own_19 " in out and "own_20 " not in out and "… and 80 more in config.json (--all)" in out
    )
    _, out, _ = run("diff", "--all", base, tmp_path / "other")
    assert "own_99 " in out and "more in" not in out


def test_help_is_to_be_copied(run, monkeypatch):
    """Examples call the program as it was called."""
    monkeypatch.setenv("BABELMERGE_CALLED", "./babelmerge")
    assert "  ./babelmerge merge recipe.yml merged/" in run("merge", "--help")[1]


def test_a_written_recipe_and_its_file_give_the_same_model(run, family, tmp_path, monkeypatch):
    monkeypatch.setattr(terminal, "APART", math.inf)  # no progress is due, however slow the machine
    first, second = tmp_path / "first", tmp_path / "second"
    code, out, err = run(*written(family, "--set", "weight=0.5,1", first))
    assert (code, err) == (0, "")
    assert "ties of 2 experts" in out and directories.fingerprint(first)[:12] in out
    code, out, err = run("merge", "--quiet", first / "recipe.yaml", "--threads", "1", second)
    assert (code, out, err) == (0, "", "")
    assert run("diff", first, second)[0] == 0
    assert directories.fingerprint(first) == directories.fingerprint(second)
    own = yaml.safe_load((first / "recipe.yaml").read_text())
    assert [m["parameters"]["weight"] for m in own["models"]] == [0.5, 1.0]


def test_dtype_and_shards(run, family, tmp_path):
    out = tmp_path / "out"
    words = written(family, "--dtype", "float32", "--max-shard-size", "2kB", out)
    assert run(*words)[0] == 0
    assert len(list(out.glob("*.safetensors"))) > 1
    assert directories.read_json(out / "config.json")["dtype"] == "float32"
    assert yaml.safe_load((out / "recipe.yaml").read_text())["out_dtype"] == "float32"


def test_linear_needs_no_base(run, family, tmp_path):
    _, paths, *_ = family
    words = ["merge", "--method", "linear", "--expert", paths["hi"], "--expert", paths["bn"]]
    assert run(*words, tmp_path / "out")[0] == 0
    refused(run, ["merge", "--method", "ties", *words[3:], tmp_path / "x"], "ties needs --base")


def test_a_dry_run_checks_and_writes_nothing(run, family, tmp_path):
    out = tmp_path / "out"
    code, text, _ = run(*written(family, "--dry-run", out))
    assert code == 0 and "2 experts fit their base" in text
    other = made_up_models.save(
        tmp_path / "x", {**family[2], "more": family[2]["model.norm.weight"].clone()}
    )
    refused(run, written(family, "--expert", f"x={other}", "--dry-run", out), "more")
    assert not out.exists()


def test_nothing_is_overwritten_unasked(run, family, tmp_path, monkeypatch):
    base, paths, *_ = family
    out = tmp_path / "out"
    assert run(*written(family, out))[0] == 0
    refused(run, written(family, out), "is there already", "--overwrite")
    words = written(family, "--overwrite", out, method="task_arithmetic")
    assert run(*words)[0] == 0
    assert "task_arithmetic" in (out / "README.md").read_text()
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "thesis.txt").write_text("x")
    refused(run, written(family, "--overwrite", papers), "is not a model")
    refused(run, written(family, "--overwrite", papers / "thesis.txt"), "is a file")
    refused(run, written(family, "--overwrite", paths["hi"]), "is to be merged")
    refused(run, written(family, "--overwrite", base.parent), "is to be merged")
    monkeypatch.chdir(papers)
    refused(run, written(family, "--overwrite", "."), "current directory")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "papers"]


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "stopped"),
        (ValueError("two\nlines"), 2, "two lines"),
        (ValueError("\x1b[31mred"), 2, r"\x1b[31mred"),
        (ValueError("x" * 10**6), 2, "xxx…"),
        (
            OSError(errno.EIO, "Input/output error", "x.safetensors"),
            2,
            "x.safetensors: Input/output error",
        ),
    ],
)
def test_a_merge_that_stops_leaves_nothing(run, family, tmp_path, monkeypatch, error, code, says):
    def stop(*_):
        raise error

    monkeypatch.setattr(terminal.Progress, "__call__", stop)
    refused(run, written(family, tmp_path / "out"), says, code=code)
    assert list(tmp_path.iterdir()) == []


def test_our_own_mistakes_do_not_look_like_a_difference(run, family, monkeypatch):
    from babelmerge.models import differences

    monkeypatch.setattr(differences, "compare", lambda *_: 1 / 0)
    code, _, err = run("diff", family[0], family[0])
    assert code == 2 and "ZeroDivisionError" in err and "report it" in err


def test_a_disk_that_fills_up_leaves_nothing_and_is_named(run, family, tmp_path, monkeypatch):
    def full(path, *_):
        path.write_bytes(bytes(100))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tensor_files, "_write_shard", full)
    out = tmp_path / "out"
    refused(run, written(family, out), f"{out}: the disk filled up", "nothing of it was left")
    assert list(tmp_path.iterdir()) == []


def test_diff_has_the_exit_codes_of_diff(run, family):
    base, paths, *_ = family
    code, out, _ = run("diff", base, base)
    assert (code, out.split(":")[0]) == (0, "same")
    code, out, _ = run("diff", base, paths["hi"])
    assert code == 1 and "model.norm.weight" in out and "0 identical, 8 differ" in out
    assert run("diff", "--quiet", base, paths["hi"]) == (1, "", "")
    code, out, _ = run("diff", "--json", base, paths["hi"])
    assert code == 1 and json.loads(out)["same"] is False


def test_inspect_prints_a_page_json_and_rows(run, family, tmp_path):
    base, paths, *_ = family
    experts = [f"{id_}={path}" for id_, path in paths.items()]
    code, page, err = run("inspect", base, *experts, "--stable-rank")
    assert (code, err) == (0, "")
    for part in ("expert − base", "Pairs: cosine", "By module", "By layer", "stable rank"):
        assert part in page
    assert all(
        len(line) <= terminal.WIDTH for line in page.splitlines() if str(base.parent) not in line
    )
    content = json.loads(run("inspect", base, *experts, "--json", "--per", "tensor")[1])
    assert set(content) == {"base", "experts", "model", "kind", "layer", "tensor"}
    assert content["model"]["all"]["cosine"][0][0] == 1
    assert set(content["tensor"]) == set(made_up_models.SHAPES)
    file = tmp_path / "rows.tsv"
    assert run("inspect", base, *experts, "--tsv", file)[0] == 0
    header, *rows = (line.split("\t") for line in file.read_text().splitlines())
    assert header == ["level", "where", "measure", "expert", "other", "value"]
    cosine = next(row for row in rows if row[2] == "cosine" and row[0] == "model")
    assert cosine[3:5] == ["hi", "bn"]
    assert float(cosine[5]) == content["model"]["all"]["cosine"][0][1]


def test_what_nobody_changed_is_named_not_tabled(run, family):
    base, *_ = family
    code, page, _ = run("inspect", base, f"a={base}")
    assert code == 0
    assert "changed by none: embed_tokens, 0, 1, norm" in page.splitlines()
    assert "100.0%" in page


@pytest.mark.parametrize("number", [1, 2, 5, 12])
@pytest.mark.parametrize("per", ["model", "layer", "tensor"])
def test_pages_fit_for_any_number_of_experts(run, family, number, per):
    base, paths, *_ = family
    names = [f"experts/language-{n}" for n in range(number)]
    experts = [f"{name}={list(paths.values())[n % 3]}" for n, name in enumerate(names)]
    code, page, _ = run("inspect", base, *experts, "--per", per)
    assert code == 0
    width = max(len(line) for line in page.splitlines() if str(base.parent) not in line)
    assert width <= terminal.WIDTH + 4


def completions(line, folder):
    """What tab would offer after a line."""
    code = (
        "import sys; sys.argv = ['babelmerge']; from babelmerge.command import line as c; c.main()"
    )
    answer = folder / "answer"
    started(
        f"import os; os.chdir({str(folder)!r})\n{code}",
        _ARGCOMPLETE="1",
        _ARGCOMPLETE_SHELL="bash",
        _ARGCOMPLETE_STDOUT_FILENAME=str(answer),
        _ARGCOMPLETE_SUPPRESS_SPACE="1",
        _ARGCOMPLETE_IFS="\v",
        COMP_LINE=line,
        COMP_POINT=str(len(line)),
        COMP_TYPE="9",
        IFS="\v",
    )
    return answer.read_text().split("\v")


def test_names_complete(tmp_path):
    (tmp_path / "hindi").mkdir()
    assert "merge" in completions("babelmerge m", tmp_path)
    assert completions("babelmerge merge --method ti", tmp_path) == ["ties"]
    assert completions("babelmerge merge --method ties --set den", tmp_path) == ["density="]
    assert completions("babelmerge merge --method sce --set sel", tmp_path) == ["select_topk="]
    assert completions("babelmerge merge --expert hi=hi", tmp_path) == ["hi=hindi/"]
    assert completions("babelmerge methods model", tmp_path) == ["model_stock"]


def test_numbers_read_well():
    assert [terminal.number(x) for x in (0, 0.01234, 12.345, 1e-7, 123456.0, float("nan"))] == [
        "0",
        "0.0123",
        "12.3",
        "1.00e-07",
        "123456",
        "–",
    ]
    assert [terminal.share(x) for x in (0, 1e-5, 0.5, 0.9999, 1)] == [
        "0.0%",
        "<0.1%",
        "50.0%",
        ">99.9%",
        "100.0%",
    ]
    assert terminal.count(494_032_768) == "494 M" and terminal.size(988e6) == "988 MB"
    assert [terminal.duration(x) for x in (7, 750, 11100)] == ["0:07", "12:30", "3:05:00"]
    assert terminal.shorten("abcdefghij", 5) == "ab…ij" and terminal.shorten("abc", 5) == "abc"
    assert terminal.table(("a", "b", "c"), [("x", "–", "1"), ("yy", "", "22")]) == "\n".join(
        ["a    c", "x    1", "yy  22"]
    )


def test_progress_is_sparse_off_the_terminal_and_one_line_on_it(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: clock[0])
    plain, live = io.StringIO(), io.StringIO()
    live.isatty = lambda: True
    told = [terminal.Progress("merging", stream) for stream in (plain, live)]
    for second in range(41):
        clock[0] = 3.0 + second
        for progress in told:
            progress(second * 25_000_000, 1_000_000_000)
    told[1].clear()
    lines = plain.getvalue().splitlines()
    assert 5 <= len(lines) <= 8 and "\x1b" not in plain.getvalue()
    assert "25.0 MB/s" in lines[-1] and lines[-1].endswith("left")
    assert "\n" not in live.getvalue() and live.getvalue().endswith("\r\x1b[K")
    assert "merging  50%  500 MB of 1.00 GB  25.0 MB/s  0:20 left" in live.getvalue()


@pytest.mark.parametrize("library", [types.SimpleNamespace(), None])
def test_a_merge_needs_no_glibc_and_tells_it_to_keep_memory(monkeypatch, library):
    told = {}
    glibc = types.SimpleNamespace(mallopt=lambda name, size: told.update({name: size}))
    monkeypatch.setattr(merge.ctypes, "CDLL", lambda _: library or glibc)
    merge._keep_freed_memory()
    expected = {merge.MMAP_THRESHOLD: 1 << 25, merge.TRIM_THRESHOLD: 1 << 30}
    assert told == ({} if library else expected)
