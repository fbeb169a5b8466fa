"""The report's chapter on what made it: warnings, versions, seeds, the configuration."""

from job import running

import platform

import yaml

from babelmerge.display import chapters
from babelmerge.files.atomic import write_atomically
from babelmerge.report import sections

with running(snakemake):
    cfg = snakemake.params.cfg
    parts = chapters.read(snakemake.input, cfg)
    study = yaml.safe_dump(cfg["study"]["configuration"], sort_keys=False, allow_unicode=True)
    merges = dict(zip(cfg["study"]["merges"], snakemake.input.get("merges", []), strict=True))
    warnings = sections.warnings(snakemake.input.checks) + sections.roundings(merges)
    warnings += sections.vocabularies(merges)
    body = sections.reproducibility(
        parts, sections.versions(), platform.platform(), study, warnings
    )
    write_atomically(snakemake.output[0], body)
