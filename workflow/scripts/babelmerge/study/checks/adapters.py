"""Adapters fit the base, as far as that is known before any work: from names, configs and headers.

Of a base on the hub only its name is known, of one that is trained here only its sizes and what
its architecture has; the job that trains or takes in an adapter checks the rest.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from babelmerge.recipes.methods import METHODS
from babelmerge.study.grammar import decoders
from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan.types import Merge, Merged, Plan, Taken, Trained, Trimmed
from babelmerge.training.settings import ALL_LINEAR, kept_alone
from babelmerge.words import ids
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest

if TYPE_CHECKING:
    from babelmerge.models.adapter_config import AdapterConfig

Shapes = Mapping[str, tuple[int, ...]]  # name of a matrix without .weight -> its shape


def check(plan: Plan) -> None:
    """StudyError for an adapter that the base cannot have, or that says it is of another base."""
    trained = {k: m.source for k, m in plan.models.items() if isinstance(m.source, Trained)}
    adapters = {k: s.training["lora"] for k, s in trained.items() if "lora" in s.training}
    matrices = _matrices(plan) if adapters else {}
    for model, lora in adapters.items():
        _check_targets(plan, model, lora["targets"], matrices)
        _check_rank(plan, model, lora, matrices)
    for model in plan.taken.values():
        if isinstance(model.source, Taken) and model.source.path and model.id != "base":
            _check_taken(plan, model.id, Path(model.source.path))
    for merge in plan.merges.values():
        if METHODS[merge.algorithm].factors:
            _check_factors(plan, merge)


def _check_factors(plan: Plan, merge: Merge) -> None:
    """StudyError for a method on the factors of adapters and a member that is a full model."""
    full = [one for one in merge.members if _is_full(plan.models[one].source)]
    if full:
        family = plan.groups[merge.group].family
        raise _error(
            plan,
            f"groups.{family}",
            f"{full[0]}, a full model, for {merge.method}, which merges the factors of adapters",
            "members that are adapters",
            "Give methods on full models: modern, not modern-adapters; or train with method: lora.",
        )


def _is_full(source: object) -> bool:
    """Whether a model is known to be no adapter; what is fetched is not known yet."""
    if isinstance(source, Trained):
        return not kept_alone(source.training)
    return isinstance(source, Merged)


def _matrices(plan: Plan) -> Shapes:
    """The matrices of a base in a folder; of others none are known."""
    source = plan.models["base"].source
    if not isinstance(source, Taken) or not source.path:
        return {}
    from babelmerge.files.tensor_files import TensorFiles

    files = TensorFiles(source.path)
    shapes = {name.removesuffix(".weight"): files.shape(name) for name in files.names}
    return {name: shape for name, shape in shapes.items() if len(shape) == 2}


def _check_targets(plan: Plan, model: str, asked: str | list[str], matrices: Shapes) -> None:
    ends, others = _ends(plan, matrices)
    for target in [asked] if isinstance(asked, str) else asked:
        last = target.rpartition(".")[2]
        fits = any(_fits(target, name) for name in matrices) or last in others or last.isdigit()
        if ends and target != ALL_LINEAR and not fits:
            raise _error(
                plan,
                "training.lora.targets",
                f"{shown(target)} for {model}",
                f"linear maps of the base, which has {listed(ends)}, or {ALL_LINEAR}",
                nearest(target, ends),
            )


def _ends(plan: Plan, matrices: Shapes) -> tuple[list[str], tuple[str, ...]]:
    """(last names of a base's linear maps, those that may be some for all that is known)."""
    source = plan.models["base"].source
    if isinstance(source, Trained):
        linear, others = decoders.linear_maps((source.architecture or {})["model_type"])
        return sorted(linear), others
    return sorted({name.rpartition(".")[2] for name in matrices}), ()


def _check_rank(plan: Plan, model: str, lora: Mapping, matrices: Shapes) -> None:
    asked = lora["targets"]
    targets = [asked] if isinstance(asked, str) else asked
    limits = {
        f"highest rank of a change of {name}": min(shape)
        for name, shape in matrices.items()
        if asked == ALL_LINEAR or any(_fits(target, name) for target in targets)
    }
    source = plan.models["base"].source
    hidden = (getattr(source, "architecture", None) or {}).get("hidden_size")
    if not limits and isinstance(hidden, int):
        limits = {"hidden_size": hidden}
    name = min(limits, key=lambda one: limits[one], default=None)
    if name is not None and lora["r"] > limits[name]:
        raise _error(
            plan,
            "training.lora.r",
            f"{lora['r']} for {model}",
            f"at most {limits[name]}, the {name} of the base",
        )


def _check_taken(plan: Plan, model: str, folder: Path) -> None:
    from babelmerge.models import adapter_base
    from babelmerge.models.adapter_config import is_adapter, read_config

    if not is_adapter(folder):
        return
    key = f"{ids.section(model)}.{ids.name(model)}.path"
    if isinstance(plan.models["base"].source, Trimmed):
        found = f"{folder}, an adapter beside base.vocabulary, by which the base's tokens change"
        expected = "a full model, or a base without vocabulary"
        raise _error(plan, key, found, expected)
    if place := getattr(plan.models["base"].source, "path", None):
        try:
            adapter_base.check(folder, place)
        except ValueError as error:
            expected = f"an adapter on the base, {place}"
            raise _error(plan, key, str(folder), expected, f"{error}.") from error
    config, base = read_config(folder), plan.models["base"].source
    said = config.base
    hub = base.hub if isinstance(base, Taken) else None
    if hub and said and not Path(said).exists() and adapter_base.alike(said, hub) is False:
        remedy = (
            "Give an adapter of this base; if both are the same model, mend "
            f"base_model_name_or_path in {folder / 'adapter_config.json'}."
        )
        found = f"an adapter that was trained on {said}"
        raise _error(plan, key, found, f"one of the base, {hub}", remedy)
    if mismatch := _mismatch(plan, config):
        raise _error(plan, key, mismatch, "an adapter that was trained on the study's base")


def _mismatch(plan: Plan, config: "AdapterConfig") -> str:
    """Why an adapter can't be of the base, by names and shapes; empty where nothing tells.

    Older files name their tensors otherwise, so one that is found nowhere proves nothing.
    """
    from babelmerge.models.adapter_config import read_entries

    header = read_entries(config.path)
    products = _products({name: tuple(fact["shape"]) for name, fact in header.items()})
    matrices = {_inner(name): (name, shape) for name, shape in _matrices(plan).items()}
    found = {name: matrices[_inner(name)] for name in products if _inner(name) in matrices}
    for module, (name, shape) in found.items():
        if shape not in (products[module], products[module][::-1]):
            return f"{config.path}: {module} is {products[module]}, {name} of the base is {shape}"
    if matrices and products and not found:
        return f"{config.path}: the base lacks all that it changes, such as {next(iter(products))}"
    width = (getattr(plan.models["base"].source, "architecture", None) or {}).get("hidden_size")
    if isinstance(width, int) and products and not any(width in p for p in products.values()):
        return f"{config.path}: none of its matrices has a side of {width}, the base's hidden_size"
    return ""


def _products(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """The shapes of an adapter's products B A, by the module that they are for."""
    ends = (".lora_A.weight", ".lora_B.weight")
    modules = [name.removesuffix(ends[0]) for name in shapes if name.endswith(ends[0])]
    return {
        module.removeprefix("base_model.model."): (shapes[module + ends[1]][0], shapes[a][1])
        for module in modules
        if module + ends[1] in shapes and len(shapes[a := module + ends[0]]) == 2
    }


def _inner(name: str) -> str:
    """The name of a matrix in a decoder's body, whatever the body is called in the model."""
    return name.removeprefix("model.").removeprefix("transformer.")


def _fits(target: str, name: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _error(plan: Plan, key: str, found: str, expected: str, remedy: str = "") -> StudyError:
    return StudyError(message(plan.study, key, found, expected, remedy))
