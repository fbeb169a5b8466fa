"""Everything in one page that works offline."""

from job import running

import json
import platform
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import pandas as pd
import yaml

from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.display import material as report_material
from babelmerge.files.rows import read_rows
from babelmerge.report import report
from babelmerge.words import ids

SENTENCES = 3
PACKAGES = ("torch", "transformers", "sacrebleu", "snakemake", "mergekit", "numpy")


def load(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream)


def read_sweeps(names, paths):
    """group -> method -> table; the paths come in the same order as the names."""
    left = iter(paths)
    return {
        group: {method: pd.read_csv(next(left), sep="\t") for method in methods}
        for group, methods in names.items()
    }


def read_samples(cases, folder):
    """The first sentences of each test set beside what each model made of them."""
    for case in cases:
        dataset = case["dataset"]
        files = [folder / "outputs" / model / f"{dataset}.jsonl" for model in case["models"]]
        source_language, target_language = ids.sides(dataset)
        for rows in zip(*(islice(read_rows(f), SENTENCES) for f in files), strict=True):
            yield {
                "group": case["group"],
                "dataset": dataset,
                "source_language": source_language,
                "target_language": target_language,
                "source": rows[0]["source"],
                "reference": rows[0]["reference"],
                "outputs": {m: r["output"] for m, r in zip(case["models"], rows, strict=True)},
            }


def told(study, decodings):
    """The study's facts, with the signatures under which its outputs were made."""
    signatures = sorted({load(path)["signature"] for path in decodings})
    if not signatures:
        return {**study, "generation": {}}
    return {**study, "generation": {**study["generation"], "signature": "; ".join(signatures)}}


def inspected(cfg, paths):
    """Where models were taken from, what they own, and what each of them was shown."""
    shown = {}
    for (model, dataset), path in zip(cfg["looked_at"], paths, strict=True):
        shown.setdefault(model, {})[dataset] = load(path)
    return {"taken": cfg["taken"], "owned": cfg["owned"], "shown": shown}


def versions():
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        found[name] = version(name)
    return found


with running(snakemake):
    cfg, files = snakemake.params.cfg, snakemake.input
    folder = Path(snakemake.output[0]).parent
    by_stem = lambda paths: {Path(path).stem: path for path in paths}  # noqa: E731
    material = report_material.Material(
        study=told(cfg["study"], files.decodings),
        families=cfg["families"],
        scores=tables.read_long(files.scores[0]) if files.scores else report_material.no_scores(),
        retention=pd.concat([tables.read_long(path) for path in files.retention])
        if files.retention
        else pd.DataFrame(),
        sizes={d: load(path)["rows"] for d, path in zip(cfg["datasets"], files.data, strict=True)},
        inspected=inspected(cfg, files.looked_at),
        training={m: load(path) for m, path in zip(cfg["models"], files.training, strict=True)},
        sweeps=read_sweeps(cfg["sweeps"], files.sweeps),
        samples=list(read_samples(cfg["samples"], folder)),
        figures=by_stem(files.figures),
        tables=by_stem(files.tables),
        inside={n: tables.read_long(p) for n, p in zip(cfg["inside"], files.inside, strict=True)},
        published=tables.read_long(cfg["published"]) if cfg["published"] else None,
        warnings=cfg["warnings"],
        configuration=yaml.safe_dump(cfg["configuration"], sort_keys=False, allow_unicode=True),
        versions=versions(),
        provenance={"machine": platform.platform()},
    )
    report.write_report(snakemake.output[0], material)
