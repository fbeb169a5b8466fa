"""Recipes run by mergekit itself (`backend: mergekit`), into a model directory of ours.

For whoever wants mergekit's own result: its random numbers, its rounding. What it lacks, or would
silently compute otherwise, is refused first. mergekit 0.1.5 loads every member through a reader
that falls back to pickles and to the hub; here only directories with safetensors reach it, and no
code in them is run. mergekit is imported when a merge runs, not before. Writes only the directory
that it is given.
"""

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from babelmerge.files import directories, tensor_headers
from babelmerge.files.tensor_headers import FLOATING
from babelmerge.models.dialect.opening import ModelFiles
from babelmerge.recipes import points, recipes
from babelmerge.recipes.settings import Settings

logger = logging.getLogger(__name__)

ABSENT = (
    "backend mergekit needs mergekit ({}); pip install mergekit==0.1.5, or use backend: babelmerge"
)
DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def run(recipe: recipes.Recipe, out_dir: str | Path, device: str | None = None) -> None:
    """Merge by mergekit: weights, the base's config, tokenizer and generation settings.

    out_dir: an empty directory, completed by the caller (`directories.saving`). device: overrides
    the recipe's; the CPU where neither names one. The result is in the recipe's dtype, else the
    base's. Random methods draw from torch's generator seeded with the recipe's seed, which is put
    back afterwards; their masks are not those of our engine, and depend on the members' order.
    ValueErrors, before anything is read, of `check`.
    """
    ids = tuple(id_ for id_, _ in recipe.experts)
    point = points.settings(recipe.method, ids, recipe.parameters)
    check(recipe, point)
    base = ModelFiles(recipe.base)
    content = {**recipe.source, "dtype": recipe.source.get("dtype") or "float32"}
    content["out_dtype"] = point.dtype or _dtype(base)
    out = Path(out_dir)
    _merge(content, out, device or point.device or "cpu", point)
    _require_names(base, ModelFiles(out))
    # mergekit writes the config of the models in whatever order; ours is always the base's.
    directories.copy_companions(base.path, out)
    directories.write_config(base.config, point.dtype, out)
    logger.info("merged %d experts by mergekit's %s", len(ids), content["merge_method"])


def check(recipe: recipes.Recipe, point: Settings, tied: bool | None = None) -> None:
    """ValueError for what mergekit does not have or would do otherwise, or where there is none.

    tied: see `Members`.
    """
    if reason := refusal(recipe, point):
        raise ValueError(f"{recipe.method}: backend mergekit cannot do this: {reason}")
    for path in (recipe.base, *(path for _, path in recipe.experts)):
        _require_model(Path(path))
    if tied is not None:
        raise ValueError(
            f"{recipe.base}: config.json and the heads of the members do not agree on "
            "tie_word_embeddings, and mergekit goes by config.json alone; use backend: babelmerge"
        )
    if not point.dtype:
        _dtype(ModelFiles(recipe.base))
    if importlib.util.find_spec("mergekit") is None:
        raise ValueError(ABSENT.format("not installed"))


def refusal(recipe: recipes.Recipe, point: Settings) -> str | None:
    """Why mergekit would not make the model that a recipe means; None when it would."""
    if reason := points.mergekit_lacks(point):
        return reason
    if recipe.align:
        return "it does not align; use backend: babelmerge, or leave align out"
    if recipe.output != "model":
        return f"its output is a model, not an {recipe.output}; use backend: babelmerge"
    return None


def _merge(content: dict[str, Any], out: Path, device: str, point: Settings) -> None:
    try:
        from mergekit.config import MergeConfiguration
        from mergekit.io.tasks import LoaderCache
        from mergekit.merge import MergeOptions, run_merge
    except ImportError as error:
        raise ValueError(ABSENT.format(error)) from error
    own = {key: value for key, value in content.items() if key != recipes.OWN}
    config = MergeConfiguration.model_validate(own)
    options = MergeOptions(
        device=_device(device), copy_tokenizer=False, write_model_card=False, quiet=True
    )
    with _seeded(point):
        try:
            run_merge(config, str(out), options)
        finally:  # its readers are kept for the life of the process, by path
            LoaderCache().loaders.clear()


@contextmanager
def _seeded(point: Settings) -> Iterator[None]:
    import torch

    if not point.rule.random:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(point.seed)
        yield


def _device(device: str) -> str:
    import torch

    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ValueError(f"device is {device}, but torch finds no CUDA here; set device: cpu")
    return device


def _require_model(path: Path) -> None:
    """ValueError unless a member is a directory with a full model in safetensors."""
    if (path / "adapter_config.json").is_file():
        raise ValueError(
            f"{path}: is an adapter, which mergekit would have to load through its model's code; "
            "keep its full model (training: lora: {keep: full}), or use backend: babelmerge"
        )
    tensor_headers.weight_files(path)  # refuses pickles, and what is no checkpoint


def _dtype(base: ModelFiles) -> str:
    found = {base.code(name) for name in base.names} & set(FLOATING)
    if len(found) != 1:
        names = " and ".join(sorted(DTYPES[code] for code in found)) or "no floating dtype"
        raise ValueError(
            f"{base.path}: has {names}, and mergekit writes one dtype; add out_dtype to the recipe"
        )
    return DTYPES[found.pop()]


def _require_names(base: ModelFiles, made: ModelFiles) -> None:
    """mergekit knows tensors by architecture and leaves out what it does not know."""
    if missing := [name for name in base.names if name not in set(made.names)]:
        raise ValueError(
            f"mergekit left out {missing[0]} ({len(missing)} such tensors), which it does not know "
            "in this architecture; use backend: babelmerge"
        )
