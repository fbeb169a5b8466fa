# Reads the studies and answers, for the rules below, what each file is made from.
#
# In: config/config.yaml and the study files. Out: nothing on disk but a cache of file digests.
# Everything that can be wrong with a study is found here, before any job runs.
import sys

from snakemake.exceptions import WorkflowError

SCRIPTS = f"{workflow.basedir}/workflow/scripts"
sys.path.insert(0, SCRIPTS)

import artifacts
import artifacts_inside
import artifacts_interventions
import artifacts_mergeability
import presentation
from babelmerge.files import fingerprints, provenance
from babelmerge.study.grammar import study as grammar
from babelmerge.study.plan import expand as planning
from babelmerge.recipes.methods import METHODS

# What the rules below can do; the grammar is wider.
BUILT_KINDS = ("translation", "text")
BUILT_METHODS = tuple(METHODS)


def read_studies():
    """Every study of config.yaml, expanded and checked, and its settings; both by name."""
    files = config["studies"]
    plans, configurations = {}, {}
    for file in files.split(",") if isinstance(files, str) else files:
        try:
            study = grammar.load(file, data=config["data"])
            plan = planning.expand(study)
            planning.check_built(plan, BUILT_KINDS, BUILT_METHODS)
            planning.check_files(plan)
        except ValueError as error:
            raise WorkflowError(str(error)) from None
        if plan.name in plans:
            raise WorkflowError(
                f"config.yaml, studies: {plan.name} is named twice; rename one file"
            )
        plans[plan.name] = plan
        configurations[plan.name] = study.settings
    return plans, configurations


STUDIES, CONFIGURATIONS = read_studies()


wildcard_constraints:
    study="[^/]+",
    dataset="[^/]+/[^/]+",
    split="train|dev|test",
    model="base|(experts|joint|baselines)/[^/]+|merges/[^/]+/[^/]+",
    group="[^/]+",
    method="[^/]+",


def plan_of(wildcards):
    return STUDIES[wildcards.study]


def code(script):
    """Fingerprint of a script's logic: the parameter by which an edit of code reruns its rule."""
    return CODE.code(f"{SCRIPTS}/{script}")


def content(paths):
    """Digests of files that users bring, so that their content counts and not their date."""
    return provenance.content(list(paths), ".snakemake/babelmerge-digests.json")


CODE = fingerprints.Tree(SCRIPTS, ".snakemake/babelmerge-code.json")
LOCK = provenance.file_digest(f"{workflow.basedir}/envs/lock.txt")
