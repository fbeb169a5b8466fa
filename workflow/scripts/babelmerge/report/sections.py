"""The report's own chapters: how the study was set up, and what made it."""

import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from babelmerge.analysis.scores import tables
from babelmerge.display import chapters, labels
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts
from babelmerge.files.directories import ROUNDING, TOLD
from babelmerge.training import curves
from babelmerge.words import languages

FELT = 0.01  # of a merge's change that rounding takes, from which on it is told
PACKAGES = ("torch", "transformers", "sacrebleu", "snakemake", "mergekit", "numpy")


def decoded(generation: Mapping, paths: Iterable[str]) -> dict:
    """Settings of generation with the signatures under which outputs were made; none without any.

    paths: the decoding.json of every model's outputs.
    """
    signatures = set()
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            signatures.add(json.load(stream)["signature"])
    return {**generation, "signature": "; ".join(sorted(signatures))} if signatures else {}


def setup(parts: Parts, generation: Mapping | None = None) -> str:
    """Languages, models, data, cost, decoding, metrics. generation: as `decoded` gives it."""
    study = parts.study
    spoken = [languages.name(code) for code in study.get("languages", ())]
    facts = [
        ("Languages", labels.listing(spoken)),
        ("Models", labels.listing(_models(parts))),
        ("Base", study.get("base")),
        ("Prompt", study.get("prompt")),
        ("Decoding", page.plain(generation or {})),
        ("Selection of merges", page.plain(study.get("selection", {}))),
        ("Tests and intervals", page.plain(study.get("evaluation", {}))),
        ("Seed", study.get("seed")),
    ]
    body = page.facts(facts) + page.facts(tables.signatures_in_short(parts.frame("signatures")))
    body += parts.table("sizes") + parts.table("training")
    drawn = chapters.drawn(parts, [("training",)], curves.CAPTION)
    return body + page.details("Loss over training", drawn)


def _models(parts: Parts) -> list[str]:
    """'1 base', '8 experts': of those that have scores."""
    scores = parts.frame("scores")
    if scores.empty:
        return []
    kinds = Counter(scores.drop_duplicates("model")["kind"])
    return [labels.counted(kinds[kind], kind) for kind in labels.KINDS if kind in kinds]


def versions() -> dict[str, str]:
    """Program -> version, of those that results depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def warnings(paths: Iterable[str]) -> list[str]:
    """What the checks of data sets warn of. paths: their checked.json and lengths.json."""
    found: list[str] = []
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            found += json.load(stream).get("warnings", ())
    return found


def roundings(manifests: Mapping[str, str]) -> list[str]:
    """What merges lost where they are written in 16 bits, in a sentence; none where all kept all.

    manifests: by merge; their `rounding` is that of `merging.rounding`.
    """
    lost: dict[str, float] = {}
    for merge, path in manifests.items():
        with open(path, encoding="utf-8") as stream:
            lost[merge] = json.load(stream).get(ROUNDING, {}).get("lost", 0.0)
    felt = {merge: share for merge, share in lost.items() if share >= FELT}
    if not felt:
        return []
    most = max(felt, key=lambda merge: felt[merge])
    return [
        f"Rounding: {len(felt)} of {len(lost)} merges lose {labels.percent(FELT)} or more of what "
        f"they change in the dtype that they are written in, at most {labels.percent(felt[most])} "
        f"({labels.model_id(most)}). With `dtype: float32` they lose nothing."
    ]


def vocabularies(manifests: Mapping[str, str]) -> list[str]:
    """What merges were told of tokens, chat templates and generation defaults that differ.

    A sentence that several have is there once. manifests: by merge.
    """
    found: dict[str, list[str]] = {}
    for merge, path in manifests.items():
        with open(path, encoding="utf-8") as stream:
            for told in json.load(stream).get(TOLD, []):
                found.setdefault(told, []).append(labels.model_id(merge))
    return [
        f"{merges[0]}{f' and {len(merges) - 1} more merges' * (len(merges) > 1)}: {told}."
        for told, merges in found.items()
    ]


def reproducibility(
    parts: Parts,
    made_by: Mapping[str, str],
    machine: str,
    configuration: str,
    warnings: Sequence[str] = (),
) -> str:
    """Warnings, versions, machine, seeds, configuration.

    made_by: program -> version. configuration: the study's YAML. warnings: of the data, beside
    those of the study.
    """
    body, told = "", [*parts.study.get("warnings", ()), *warnings]
    if told:
        body += f"<h3>Warnings</h3>{page.bullets(told, 'warnings')}"
    body += page.facts(made_by.items()) + page.facts([("machine", machine)])
    training = parts.frame("training")
    seeds = sorted({int(seed) for seed in training["seed"] if seed}) if len(training) else []
    if seeds:
        body += page.paragraphs([f"Training seeds: {labels.listing(map(str, seeds))}."])
    return body + page.details("Configuration of the study", page.code(configuration))
