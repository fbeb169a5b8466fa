"""Which file is made from which, for the rules that look inside models: the end of `artifacts`.

A direction is a task's data sets into the pivot, out of it, between two other languages, or each
within one language, as text has it: then only the source span has tokens. Models are represented on
what they could be evaluated on, and experts also on the data of those that they are merged with;
baselines are not, they may be built in another way.
"""

SPANS = ("source", "target")
TEXT = "text"  # the kind of task without a target
KINDS = ("base", "expert", "joint", "merge")


def probe_file(plan, dataset: str) -> str | None:
    """The rows that models are represented on: the split that `analysis` asks for, else the other.

    None for a data set that has neither.
    """
    splits = plan.datasets[dataset].splits
    wanted = dict.fromkeys([plan.analysis["split"], "dev", "test"])
    split = next((split for split in wanted if split in splits), None)
    return split and f"results/{plan.name}/data/{dataset}/{split}.jsonl"


def directions(plan) -> dict[str, dict[str, str]]:
    """Name -> data set -> the language by which it differs from the others of its direction."""
    found: dict[str, dict[str, str]] = {}
    probed = [d for d in plan.datasets.values() if probe_file(plan, d.id)]
    for dataset in probed:
        name, language = _direction(plan, dataset)
        several = len({d.task for d in probed}) > 1
        name = f"{dataset.task}-{name}" if several else name
        found.setdefault(name, {})[dataset.id] = language
    return found


def _direction(plan, dataset) -> tuple[str, str]:
    source, target = dataset.source_language, dataset.target_language
    if source == target:
        return "xx", source
    if plan.pivot == target:
        return f"xx-{target}", source
    return (f"{source}-xx", target) if plan.pivot == source else (f"{source}-{target}", target)


def finished(model: str) -> bool:
    """Not a model as it was at an earlier step of its training (expert@step)."""
    return "@" not in model


def experts(plan) -> list[str]:
    return [model for model in plan.of_kind("expert") if finished(model)]


def represented(plan, dataset: str) -> list[str]:
    """Models that are represented on a data set, the base first; those that are `finished`.

    There may be hundreds of the others, and all pairs are compared.
    """
    partners = {m for g in plan.groups.values() if dataset in g.datasets for m in g.members}
    return [
        model.id
        for model in plan.of_kind(*KINDS).values()
        if (dataset in model.probe or model.id in partners) and finished(model.id)
    ]


def spans(plan, direction: str) -> tuple[str, ...]:
    """The spans that a direction's rows have: text has no target."""
    plain = all(plan.datasets[dataset].kind == TEXT for dataset in directions(plan)[direction])
    return SPANS[:1] if plain else SPANS


def representation_file(plan, model: str, dataset: str) -> str:
    return f"results/{plan.name}/representations/{model}/{dataset}.safetensors"


def representation_settings(plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "rows": plan.analysis.get("rows"),
        "max_length": plan.generation["max_length"],
        "dtype": plan.generation["dtype"],
        "prompt": {"template": entry.prompt, "chat": entry.chat},
    }


def models_of(plan, direction: str) -> list[str]:
    """Models that are represented on every data set of a direction, partners aside."""
    wanted = set(directions(plan)[direction])
    models = plan.of_kind(*KINDS).values()
    return [m.id for m in models if wanted <= set(m.probe) and finished(m.id)]


def owner(plan, dataset: str) -> str | None:
    """The expert of a data set: the one with the fewest data sets, if it is among them."""
    own = [m for m in map(plan.models.get, experts(plan)) if dataset in m.datasets]
    return min(own, key=lambda m: len(m.datasets)).id if own else None


def direction_files(plan, direction: str) -> list[str]:
    """Representations of a direction: each model's data sets, then the next model's."""
    return [
        representation_file(plan, model, dataset)
        for model in models_of(plan, direction)
        for dataset in directions(plan)[direction]
    ]


def _owners(plan, direction: str) -> dict[str, str]:
    owners = {dataset: owner(plan, dataset) for dataset in directions(plan)[direction]}
    return {dataset: own for dataset, own in owners.items() if own}


def neuron_settings(plan, direction: str) -> dict:
    return {
        "models": models_of(plan, direction),
        "languages": directions(plan)[direction],
        "owners": _owners(plan, direction),
        "neurons": plan.analysis["neurons"],
    }


def usage_settings(plan, direction: str) -> dict:
    return {
        "models": models_of(plan, direction),
        "datasets": list(directions(plan)[direction]),
        "owners": _owners(plan, direction),
        "seed": plan.seed,
    }


def _cases(plan, direction: str) -> list[dict]:
    """A direction's data sets with the representations of every model on them."""
    cases = []
    for dataset in directions(plan)[direction]:
        models = represented(plan, dataset)
        own = owner(plan, dataset)
        files = {model: representation_file(plan, model, dataset) for model in models}
        cases.append({"dataset": dataset, "owner": own if own in models else "", "files": files})
    return [case for case in cases if len(case["files"]) > 1]


def case_files(plan, direction: str) -> list[str]:
    return [path for case in _cases(plan, direction) for path in case["files"].values()]


def _peers(plan, direction: str) -> list[str]:
    """Experts of a direction's languages, and those of none: no partners from other directions.

    Nor what an expert was at an earlier step (expert@step).
    """
    sets = set(directions(plan)[direction])
    trained_on = {expert: set(plan.models[expert].datasets) for expert in experts(plan)}
    return [expert for expert, own in trained_on.items() if not own or sets & own]


def cka_settings(plan, direction: str, span: str) -> dict:
    test = {"confidence": plan.evaluation["confidence"], "seed": plan.seed}
    return {
        "cases": _cases(plan, direction),
        "peers": _peers(plan, direction),
        "span": span,
        "test": {"resamples": plan.analysis["cka"]["resamples"], **test},
    }


def angle_settings(plan, direction: str, span: str) -> dict:
    """The rank that is asked for, and its halves, to see what depends on it."""
    rank = plan.analysis["angles"]["rank"]
    ranks = [rank // part for part in (1, 2, 4, 8) if rank // part]
    models = {"cases": _cases(plan, direction), "peers": _peers(plan, direction)}
    return {**models, "span": span, "ranks": ranks, "seed": plan.seed}


# what is made at all


def neuron_files(plan) -> list[str]:
    """Selections of a study; of directions with one language only there is nothing to select."""
    several = [name for name, sets in directions(plan).items() if len(set(sets.values())) > 1]
    return _comparisons(plan, "neurons", several)


def usage_files(plan) -> list[str]:
    several = [name for name in directions(plan) if len(models_of(plan, name)) > 1]
    return _comparisons(plan, "usage_alignment", several)


def cka_files(plan) -> list[str]:
    return _comparisons(plan, "cka", [name for name in directions(plan) if _cases(plan, name)])


def angle_files(plan) -> list[str]:
    return _comparisons(plan, "angles", [name for name in directions(plan) if _cases(plan, name)])


def _comparisons(plan, what: str, names: list[str]) -> list[str]:
    if plan.analysis.get(what) is None:
        return []
    root = f"results/{plan.name}/comparisons/{what}"
    return [f"{root}/{name}.{span}.tsv" for name in names for span in spans(plan, name)]
