"""The commands: what each can be told, its help and its completions.

Quick to import, because help and completion wait for it: no torch, and nothing that a command does.
"""

import argparse
import importlib
from collections.abc import Callable
from typing import Any

from babelmerge.command import completion as command_completion
from babelmerge.words.showing import shown

DTYPES = ("float32", "bfloat16", "float16")
EMBEDDINGS = ("strict", "common", "base")
UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
UNITS |= {"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}


def _run(commands: Any, program: str) -> None:
    parser = _command(
        commands,
        "run",
        "build studies: the whole workflow, up to the reports",
        f"{program} run [options] [STUDY ...] [-- SNAKEMAKE OPTIONS]",
        "A study is a YAML file; without one, those of config/config.yaml. Only what is stale is\n"
        "built. It is `snakemake` in the project's folder, with interpreters kept warm.",
        f"examples:\n"
        f"  {program} run --dry-run my-study.yaml\n"
        f"  {program} run --dry-run my-study.yaml -- --quiet host   # each job, and why\n"
        f"  {program} run my-study.yaml --data /folder/of/my/corpora --cores 4\n"
        f"  {program} run my-study.yaml --profile slurm -- --keep-going",
        paths="STUDY",
    )
    add = parser.add_argument
    add("--cores", type=_positive, metavar="N", help="default: as many as there are")
    add("--data", metavar="DIR", help="where file patterns of the study start from")
    add("--profile", metavar="NAME", help="of Snakemake, for a cluster: slurm")
    add("-n", "--dry-run", action="store_true", help="say what would be done, and do nothing")


def _merge(commands: Any, program: str) -> None:
    parser = _command(
        commands,
        "merge",
        "merge models into a new one",
        f"{program} merge [options] RECIPE OUT\n"
        f"       {program} merge --method NAME --base DIR --expert [ID=]DIR ... [options] OUT",
        "A recipe is a mergekit config in YAML. Everything is checked before a tensor is read.\n"
        "OUT appears whole or not at all, with the recipe and a model card in it.",
        f"examples:\n"
        f"  {program} merge recipe.yml merged/\n"
        f"  {program} merge --method ties --base models/base --expert hi=models/hi \\\n"
        f"      --expert bn=models/bn --set density=0.4 --set weight=0.5 merged/\n"
        f"  {program} merge --method linear --expert a/ --expert b/ --set weight=0.7,0.3 merged/\n"
        f"  {program} merge --dry-run recipe.yml merged/",
        paths="[RECIPE] OUT",
    )
    _recipe(parser, program)
    add = parser.add_argument
    add("--dtype", choices=DTYPES, help="of the result (default: the recipe's, or the base's)")
    add("--output", choices=("model", "adapter"), help="default: the recipe's, or model")
    add("--rank", type=_positive, metavar="N", help="of an adapter (default: as exact as it takes)")
    add("--align", action="store_true", help="match neurons and heads to the base's first")
    add("--embeddings", choices=EMBEDDINGS, help="of other vocabularies (default: strict)")
    add("--chat-template", metavar="ID", help="expert that it is taken from (default: the base)")
    add("--backend", choices=("babelmerge", "mergekit"), help="who merges (default: babelmerge)")
    add("--device", metavar="cpu|cuda", help="where to compute (default: the recipe's, or cpu)")
    add("--threads", type=_positive, metavar="N", help="default: as many as there are cores")
    add("--max-shard-size", type=_bytes, metavar="SIZE", default="5GB", help="default: 5GB")
    add("-n", "--dry-run", action="store_true", help="check all, read no tensor, write nothing")
    add("--overwrite", action="store_true", help="replace OUT if it is a merged model already")
    add("--quiet", action="store_true", help="say nothing but what is wrong")


def _recipe(parser: argparse.ArgumentParser, program: str) -> None:
    """What stands for a recipe file."""
    one = parser.add_argument_group("a recipe on the command line")
    method = one.add_argument("--method", metavar="NAME", help=f"see {program} methods")
    method.completer = command_completion.method_names
    one.add_argument("--base", metavar="DIR", help="the model that the experts were trained from")
    expert = one.add_argument(
        "--expert", metavar="[ID=]DIR", action="append", default=[], help="once for each expert"
    )
    expert.completer = command_completion.expert_paths
    setting = one.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="of the method: density=0.4; by expert: weight=0.7,0.3 or 'weight={hi: 1, bn: 2}'",
    )
    setting.completer = command_completion.parameters
    statistics = one.add_argument(
        "--statistics",
        metavar="ID=FILE",
        action="append",
        default=[],
        help="what fisher or regmean collected for an expert",
    )
    statistics.completer = command_completion.expert_paths


def _methods(commands: Any, program: str) -> None:
    parser = _command(
        commands,
        "methods",
        "list the merging methods, or the parameters of one",
        f"{program} methods [NAME]",
        "What can be merged by, and what each method can be told.",
        f"examples:\n  {program} methods\n  {program} methods ties",
    )
    parser.set_defaults(program=program)
    name = parser.add_argument("name", nargs="?", metavar="NAME")
    name.completer = command_completion.method_names


def _inspect(commands: Any, program: str) -> None:
    parser = _command(
        commands,
        "inspect",
        "how far experts moved from their base, and whether they agree",
        f"{program} inspect [options] BASE [ID=]EXPERT ...",
        "Task vectors (expert - base): norms, zeros, cosines, equal signs; by layer and module.\n"
        "Full models or LoRA adapters, read in pieces; no model is loaded.",
        f"examples:\n"
        f"  {program} inspect models/base models/hi models/bn\n"
        f"  {program} inspect base/ hi=run1/best bn=run2/best --per tensor --tsv vectors.tsv",
        paths="BASE EXPERT",
    )
    add = parser.add_argument
    add("--per", choices=("model", "layer", "tensor"), default="layer", help="default: layer")
    add("--stable-rank", action="store_true", help="also the stable rank of matrices; slow")
    add("--embeddings", choices=EMBEDDINGS, help="of other vocabularies, as in merge")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON in place of tables")
    form.add_argument("--tsv", metavar="FILE", help="write one row a number (- for the terminal)")
    add("--threads", type=_positive, metavar="N", help="default: as many as there are cores")
    add("--quiet", action="store_true", help="no progress")


def _diff(commands: Any, program: str) -> None:
    parser = _command(
        commands,
        "diff",
        "how two models differ",
        f"{program} diff [options] A B",
        "Tensors, configuration and tokenizer of two models. How tensors are cut into files, and\n"
        "what only tells how a model was made, is no difference.\n\n"
        "exit code: 0 if the models are the same, 1 if they differ, 2 for trouble",
        f"examples:\n  {program} diff models/base models/hi\n"
        f"  {program} diff --quiet merged/ again/ && echo same",
        paths="A B",
    )
    add = parser.add_argument
    add("--all", action="store_true", help="all that differs; else 20 tensors, and 20 keys a file")
    add("--json", action="store_true", help="print JSON in place of tables")
    add("--quiet", action="store_true", help="print nothing; the exit code tells")


def _completion(commands: Any, program: str) -> None:
    parser = _command(
        commands,
        "completion",
        "print a script for tab completion of commands, methods, parameters and paths",
        f"{program} completion bash|zsh",
        "For the command `babelmerge` (pip install -e . makes it).",
        f'examples:\n  eval "$({program} completion bash)"      # in ~/.bashrc\n'
        f'  eval "$({program} completion zsh)"       # in ~/.zshrc',
    )
    parser.add_argument("shell", choices=("bash", "zsh"))


def _command(
    commands: Any,
    name: str,
    summary: str,
    usage: str,
    description: str,
    examples: str,
    paths: str | None = None,
) -> argparse.ArgumentParser:
    """A subcommand; `paths` takes its positional arguments wherever they stand."""
    parser = commands.add_parser(
        name, help=summary, usage=usage, description=description, epilog=examples
    )
    parser.set_defaults(run=_later(name), parser=parser)
    if paths:
        parser.add_argument("paths", nargs="*", metavar=paths, help=argparse.SUPPRESS)
    return parser


def _later(name: str) -> Callable[[argparse.Namespace], int]:
    """The function behind a command, imported when it is called."""

    def run(options: argparse.Namespace) -> int:
        module = importlib.import_module(f"babelmerge.command.{name}")
        return getattr(module, name)(options)

    return run


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{shown(text)} is no whole number above 0")
    return int(text)


def _bytes(text: str) -> int:
    """5GB, 500MB, 2GiB, or bytes."""
    digits = text.lower().rstrip("kmgtib ")
    unit = text.lower()[len(digits) :].strip()
    try:
        value = int(float(digits) * UNITS[unit])
    except (KeyError, ValueError, OverflowError):
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(
            f"{shown(text)} is no size; expected one like 5GB or 500MB"
        )
    return value


ALL = (_run, _merge, _methods, _inspect, _diff, _completion)
