"""The one table of merging methods: what each is, what it can be told, and whose variants it has.

Everything else that lists methods or parameters (`points`, the grammar of studies, recipes,
config/README.md, the command line, tables and figures) derives from it. No tensors, no torch.

`semantics` names whose definition is meant where implementations under one name differ: `original`
(the method's authors), `mergekit` (0.1.5), `mergebench`, `fusebench` (FusionBench). The first that
a method lists is its default, and that is `original` throughout: a method's name should mean the
published algorithm, its weights should scale the result (mergekit's normalisation cancels equal
weights, so that grids over them are one model), and float32 and exact ranks make it the same
everywhere. The functions over tensors in `merging` say in what the variants differ.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babelmerge.recipes.parameters import PARAMETERS

REQUIRED = object()  # the default of a parameter that has none
OWN = "babelmerge"  # key of a recipe for what mergekit does not have
OWN_PREFIX = f"{OWN}:"  # of merge_method where mergekit has no such method


@dataclass(frozen=True)
class Method:
    """One method.

    label: its name as papers write it. source: where it is from. summary: what it does, in a line.
    defaults: its parameters, in order. semantics: those it has, the default first; empty: those of
    the method that `then` names. by_semantics: defaults that are others there. only: parameters
    that some of its semantics alone have. scopes: by semantics, the default first. variants: in
    what the semantics part. mergekit: its name there. called: mergekit's names of parameters whose
    own name means something else in other methods. lacks: parameters that mergekit's does not
    have. inner: what `then` may name, whose parameters it takes too, with inner_defaults. experts:
    how many, at least and at most. scales: whether weights multiply the task vectors (else they are
    shares of an average). whole: the base's weights take no part in it.
    """

    label: str
    source: str
    summary: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    semantics: tuple[str, ...] = ("original",)
    by_semantics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scopes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    variants: str = ""
    mergekit: str | None = None
    called: Mapping[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    inner_defaults: Mapping[str, Any] = field(default_factory=dict)
    experts: tuple[int, float] = (1, math.inf)
    scales: bool = True
    scaled: bool = False  # its update depends on the factor that scales it
    whole: bool = False
    angles: bool = False  # it takes those between models: adapters are put on their base first
    random: bool = False
    factors: bool = False  # works on the factors of LoRA adapters
    statistics: str | None = None  # the kind collected of every expert's dev data


_WEIGHTED = {"weight": 1.0, "normalize": False, "lambda": 1.0}
_KEPT = {"density": REQUIRED, **_WEIGHTED}
_DROPPED = {**_KEPT, "rescale": True, "seed": 42}
_BOTH = ("original", "mergekit")
_VECTORS = ("task_arithmetic", "ties", "dare", "dare_ties", "sce")
_SPHERE = ("slerp", "nuslerp", "multislerp", "karcher")
_SPARSE = ("breadcrumbs", "breadcrumbs_ties", "della", "della_linear")

METHODS: dict[str, Method] = {
    "linear": Method(
        "Linear",
        "Wortsman et al. 2022, arXiv:2203.05482",
        "weighted average of whole models (model soup)",
        {"weight": 1.0, "normalize": True},
        _BOTH,
        variants="nothing but rounding",
        mergekit="linear",
        scales=False,
        whole=True,
    ),
    "slerp": Method(
        "SLERP",
        "Shoemake 1985, doi:10.1145/325334.325242",
        "spherical interpolation between two models",
        {"t": REQUIRED},
        _BOTH,
        variants="mergekit goes straight above a cosine of .9995",
        mergekit="slerp",
        experts=(2, 2),
        whole=True,
        angles=True,
    ),
    "nuslerp": Method(
        "NuSLERP",
        "Shoemake 1985, doi:10.1145/325334.325242",
        "spherical interpolation by weight, of two models or their task vectors",
        {"weight": 1.0, "nuslerp_flatten": True, "nuslerp_row_wise": False, "origin": "zero"},
        _BOTH,
        variants="mergekit takes a tensor of zeros to be at right angles to any",
        mergekit="nuslerp",
        experts=(2, 2),
        scales=False,
        whole=True,
        angles=True,
    ),
    "multislerp": Method(
        "Multi-SLERP",
        "Goddard et al. 2024, arXiv:2403.13257",
        "weighted mean of directions, as long as the weighted mean of norms",
        {"weight": 1.0, "normalize_weights": True, "eps": 1e-8, "origin": "zero"},
        _BOTH,
        variants="where directions cancel: straight, or refused for more than two",
        mergekit="multislerp",
        scales=False,
        whole=True,
        angles=True,
    ),
    "karcher": Method(
        "Karcher mean",
        "Wang et al. 2026, arXiv:2603.04972",
        "mean of directions along the sphere, as long as the mean of norms",
        {"max_iter": 10, "tol": 1e-5},
        _BOTH,
        variants="where directions cancel: straight, or from the first; norms below tol: counted, "
        "or left out",
        mergekit="karcher",
        scales=False,
        whole=True,
        angles=True,
    ),
    "task_arithmetic": Method(
        "Task Arithmetic",
        "Ilharco et al. 2023, arXiv:2212.04089",
        "base plus the weighted sum of the task vectors",
        _WEIGHTED,
        _BOTH,
        variants="normalize: by the number of experts, or by the sum of the weights",
        mergekit="task_arithmetic",
    ),
    "ties": Method(
        "TIES",
        "Yadav et al. 2023, arXiv:2306.01708",
        "trim small changes, elect a sign per element, average those that have it",
        {**_KEPT, "normalize": True, "scope": "model"},
        ("original", "mergebench", "mergekit"),
        {"mergebench": {"normalize": False}},
        scopes={"original": ("model", "tensor"), "mergebench": ("model",), "mergekit": ("tensor",)},
        variants="original: trim over the model, unweighted vote, mean; mergebench: the same "
        "without embeddings and head, sum; mergekit: trim per tensor, weighted vote and mean",
        mergekit="ties",
    ),
    "dare": Method(
        "DARE",
        "Yu et al. 2024, arXiv:2311.03099",
        "drop changes at random, rescale the rest, then task arithmetic",
        _DROPPED,
        _BOTH,
        variants="rescaling by 1 / density, or to each tensor's L1 norm",
        mergekit="dare_linear",
        random=True,
    ),
    "dare_ties": Method(
        "DARE-TIES",
        "Yu et al. 2024, arXiv:2311.03099",
        "drop changes at random, rescale the rest, then elect signs",
        {**_DROPPED, "normalize": True, "trim": 0.2, "scope": "model"},
        ("original", "mergekit", "fusebench"),
        {"mergekit": {"normalize": False}, "fusebench": {"normalize": False}},
        {"trim": ("fusebench",), "scope": ("fusebench",)},
        {"fusebench": ("model", "tensor")},
        variants="original: then TIES' vote and mean, nothing trimmed; mergekit: weighted vote, "
        "sum; fusebench: then TIES keeps the share trim, sum",
        mergekit="dare_ties",
        lacks=("trim",),
        random=True,
    ),
    "sce": Method(
        "SCE",
        "Wan et al. 2024, arXiv:2408.07990",
        "weigh experts by their changes of high variance, erase minority signs",
        {"select_topk": 1.0, "lambda": 1.0},
        _BOTH,
        only={"lambda": ("original",)},
        variants="the selection decides the coefficients alone, or also what is merged",
        mergekit="sce",
        lacks=("lambda",),
    ),
    "breadcrumbs": Method(
        "Breadcrumbs",
        "Davari & Belilovsky 2024, arXiv:2312.06795",
        "drop the largest and the smallest changes, then task arithmetic",
        {**_KEPT, "gamma": 0.01, "rescale": False, "scope": "tensor"},
        _BOTH,
        scopes={"original": ("tensor", "row"), "mergekit": ("tensor",)},
        variants="outliers go whatever the density, or are spared when it needs them",
        mergekit="breadcrumbs",
    ),
    "breadcrumbs_ties": Method(
        "Breadcrumbs-TIES",
        "Davari & Belilovsky 2024, arXiv:2312.06795",
        "drop the largest and the smallest changes, then elect signs",
        {**_KEPT, "normalize": True, "gamma": 0.01, "rescale": False, "scope": "tensor"},
        _BOTH,
        {"mergekit": {"normalize": False}},
        scopes={"original": ("tensor", "row"), "mergekit": ("tensor",)},
        variants="as breadcrumbs; then TIES' vote and mean, or a weighted vote and sum",
        mergekit="breadcrumbs_ties",
    ),
    "della": Method(
        "DELLA",
        "Deep et al. 2024, arXiv:2406.11617",
        "drop small changes more often than large ones, then elect signs",
        {**_DROPPED, "normalize": True, "epsilon": 0.15},
        _BOTH,
        variants="rescaling by each element's own probability, or to the L1 norm; vote as in ties",
        mergekit="della",
        random=True,
    ),
    "della_linear": Method(
        "DELLA-Linear",
        "Deep et al. 2024, arXiv:2406.11617",
        "drop small changes more often than large ones, then task arithmetic",
        {**_DROPPED, "epsilon": 0.15},
        _BOTH,
        variants="rescaling by each element's own probability, or to the L1 norm",
        mergekit="della_linear",
        random=True,
    ),
    "magmax": Method(
        "MagMax",
        "Marczak et al. 2024, arXiv:2407.06322",
        "of every element the largest change of any expert",
        {"lambda": 0.5},
    ),
    "ram": Method(
        "RAM",
        "Yuan et al. 2026, arXiv:2601.13572",
        "average each element over the experts that changed it",
        {"least": 1e-5, "lambda": 1.0},
        _BOTH,
        only={"lambda": ("original",)},
        variants="nothing but rounding",
        mergekit="ram",
        called={"least": "epsilon"},
        lacks=("lambda",),
    ),
    "ramplus_tl": Method(
        "RAM+ (by tensor)",
        "Yuan et al. 2026, arXiv:2601.13572",
        "as ram, with more of what one expert alone changed",
        {"least": 1e-5, "gain": 0.1, "cap": 0.2, "lambda": 1.0},
        _BOTH,
        only={"lambda": ("original",)},
        variants="nothing but rounding",
        mergekit="ramplus_tl",
        called={"least": "epsilon", "gain": "r", "cap": "alpha"},
        lacks=("lambda",),
    ),
    "localize_and_stitch": Method(
        "Localize-and-Stitch",
        "He et al. 2024, arXiv:2408.13656",
        "the largest changes of each expert, averaged where they overlap",
        {"density": REQUIRED, "lambda": 1.0, "scope": "model"},
        scopes={"original": ("model", "tensor")},
    ),
    "nearswap": Method(
        "NearSwap",
        "Goddard et al. 2024, arXiv:2403.13257",
        "one expert's changes, cut off at a largest one",
        {"t": REQUIRED, "lambda": 1.0},
        _BOTH,
        only={"lambda": ("original",)},
        variants="mergekit shrinks changes below 1e-6 where t is smaller still",
        mergekit="nearswap",
        lacks=("lambda",),
        experts=(1, 1),
    ),
    "arcee_fusion": Method(
        "Arcee Fusion",
        "Goddard et al. 2024, arXiv:2403.13257",
        "one expert's most important changes",
        {"lambda": 1.0},
        _BOTH,
        only={"lambda": ("original",)},
        variants="divergences in float64, or in float32, where near models have none",
        mergekit="arcee_fusion",
        lacks=("lambda",),
        experts=(1, 1),
    ),
    "model_stock": Method(
        "Model Stock",
        "Jang et al. 2024, arXiv:2403.19522",
        "average pulled to the base by the angle between the experts",
        {"filter_wise": False},
        _BOTH,
        variants="mergekit takes too small an angle for tensors that hardly moved",
        mergekit="model_stock",
        experts=(2, math.inf),
    ),
    "fisher": Method(
        "Fisher",
        "Matena & Raffel 2022, arXiv:2111.09832",
        "average weighted by each expert's Fisher information",
        {"weight": 1.0, "floor": 1e-6, "rows": 1000},
        scales=False,
        whole=True,
        statistics="fisher",
    ),
    "regmean": Method(
        "RegMean",
        "Jin et al. 2023, arXiv:2212.09849",
        "least-squares fit of every linear map to the experts' inputs",
        {"alpha": 0.9, "rows": 1000},
        whole=True,
        statistics="gram",
    ),
    "tsv": Method(
        "TSV-M",
        "Gargiulo et al. 2025, arXiv:2412.00081",
        "top singular vectors of the experts, made orthogonal to each other",
        {"rank": 1.0, "lambda": 1.0},
    ),
    "iso_c": Method(
        "Iso-C",
        "Marczak et al. 2025, arXiv:2502.04959",
        "sum of the task vectors with all singular values made equal",
        {"lambda": 1.0},
    ),
    "iso_cts": Method(
        "Iso-CTS",
        "Marczak et al. 2025, arXiv:2502.04959",
        "iso_c with room for directions of each expert's own",
        {"common": 0.8, "lambda": 1.0},
    ),
    "wudi": Method(
        "WUDI",
        "Cheng et al. 2025, arXiv:2503.08099",
        "steps from the sum of the task vectors to where they interfere least",
        {"steps": 300, "learning_rate": 1e-5, "lambda": 1.0},
    ),
    "swudi": Method(
        "SWUDI",
        "Wei et al. 2026, arXiv:2606.07289",
        "the same as a filter on the spectrum of the interference",
        {"time": 300.0, "rank": 0.65, "start": "sum", "lambda": 1.0},
    ),
    "swudi_a": Method(
        "SWUDI-A",
        "Wei et al. 2026, arXiv:2606.07289",
        "swudi to its end, in as many directions as each map's spectrum tells",
        {"rank_rule": "participation_sqrt", "start": "sum", "lambda": 1.0},
    ),
    "ace": Method(
        "ACE",
        "Xu et al. 2026, arXiv:2603.02945",
        "regmean with covariances estimated from the task vectors",
        {"ridge": 1e-2, "rank": 0.3, "lambda": 1.0},
    ),
    "subspace_boosting": Method(
        "Subspace Boosting",
        "Skorobogat et al. 2025, arXiv:2506.16506",
        "another merge with its small singular values raised, in linear maps",
        {"then": "task_arithmetic", "beta": 0.01},
        semantics=(),
        inner=(*_VECTORS, *_SPARSE),
    ),
    "svc": Method(
        "SVC",
        "Li et al. 2026, arXiv:2602.05536",
        "another merge with what experts share counted once, in linear maps",
        {"then": "task_arithmetic", "floor": 1.0},
        semantics=(),
        inner=(*_VECTORS, *_SPARSE),
        scaled=True,
    ),
    "nan": Method(
        "NAN",
        "Si et al. 2025, arXiv:2505.16148",
        "task arithmetic with weights by inverse norm (our reading of the abstract)",
        {"lambda": 1.0},
    ),
    "consensus": Method(
        "Consensus",
        "Wang et al. 2024, arXiv:2405.07813",
        "only changes that several experts' masks agree on",
        {"then": "task_arithmetic", "agreement": 2, "threshold": 0.4},
        inner=("task_arithmetic", "ties"),
        inner_defaults={"normalize": False},
    ),
    "layer_swap": Method(
        "Layer swap",
        "Bandarkar et al. 2024, arXiv:2410.01335",
        "some blocks from one expert, the rest merged",
        {"from": REQUIRED, "bottom": 0, "top": 0, "blocks": None, "then": "linear"},
        semantics=(),
        inner=("linear", *_SPHERE, *_VECTORS, *_SPARSE, "model_stock", "nan", "tsv", "iso_c"),
    ),
    "knots": Method(
        "KnOTS",
        "Stoica et al. 2024, arXiv:2410.19735",
        "another merge in the experts' shared SVD basis (adapters)",
        {"then": "ties"},
        inner=("ties", "dare_ties", "task_arithmetic", "dare"),
        factors=True,
    ),
    "core_space": Method(
        "Core Space",
        "Panariello et al. 2025, arXiv:2509.17786",
        "another merge in the adapters' common core space",
        {"then": "task_arithmetic"},
        inner=("task_arithmetic", "ties", "dare", "dare_ties", "tsv", "iso_c"),
        factors=True,
    ),
    "ctm": Method(
        "CtM",
        "He et al. 2026, arXiv:2606.03723",
        "another merge in subspaces that adapters share, of the rank of one",
        {"then": "task_arithmetic", "subspace_rank": None, "subspace_beta": 0.0},
        inner=("task_arithmetic", "ties", "dare", "dare_ties", "tsv", "iso_c", "iso_cts"),
        factors=True,
    ),
}

# What every method takes; None: the method's first semantics, the base's dtype, the fastest device.
COMMON: dict[str, Any] = {
    "semantics": None,
    "dtype": None,
    "backend": "babelmerge",
    "device": None,
    "embeddings": "strict",
    "chat_template": None,
}


def parameters(method: str, then: str | None = None) -> tuple[str, ...]:
    """Names of a method's own parameters, and of those it takes for `then` (None: for any)."""
    rule = METHODS[method]
    inner = rule.inner if then is None else (then,)
    names = [*rule.defaults, *(name for one in inner for name in METHODS[one].defaults)]
    return tuple(dict.fromkeys(names))


def centred(method: str) -> bool:
    """Whether a method may have the base as its origin, which a recipe then names as the base."""
    return "origin" in METHODS[method].defaults


def merge_method(method: str) -> str:
    """What a recipe calls a method: mergekit's name, or one that mergekit refuses."""
    return METHODS[method].mergekit or OWN_PREFIX + method


def of_mergekit(name: object) -> str | None:
    """What a method is called here that mergekit has by another name; None for other words."""
    theirs = {rule.mergekit: ours for ours, rule in METHODS.items() if rule.mergekit}
    return theirs.get(name) if isinstance(name, str) and name not in METHODS else None


def in_recipe(method: str, name: str) -> str:
    """What a recipe calls a parameter: mergekit's name."""
    return METHODS[method].called.get(name, name)


def from_mergekit(method: str, name: object) -> Any:
    """What a parameter of a recipe is called here."""
    theirs = {theirs: ours for ours, theirs in METHODS[method].called.items()}
    return theirs.get(name, name) if isinstance(name, str) else name


def for_mergekit(method: str, name: str) -> bool:
    """Whether a recipe keeps a parameter where mergekit keeps those of its methods."""
    return PARAMETERS[name].conditional and name not in METHODS[method].lacks
