# Babelmerge: can these language experts be merged into one model, and if not, why?
#
# This file is the table of contents. Data flows down it: each stage reads only from those above.
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/merge.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/live.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/groups.smk"
include: "workflow/rules/cost.smk"
include: "workflow/rules/similarity.smk"
include: "workflow/rules/neurons.smk"
include: "workflow/rules/mergeability.smk"
include: "workflow/rules/interventions.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/run.smk"


rule all:
    """One report for each study that config.yaml names."""
    default_target: True
    input:
        reports,
