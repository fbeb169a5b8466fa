# Reads the studies and answers, for the rules below, what each file is made from.
#
# In: config/config.yaml and the study files. Out: nothing on disk but a cache of file digests.
# Everything that can be wrong with a study is found here, before any job runs.
import atexit
import gc
import hashlib
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

# All of a graph is alive while it is built: looking for garbage in it took a fifth of planning.
gc.freeze()
gc.set_threshold(50_000, 20, 20)

SCRIPTS = f"{workflow.basedir}/workflow/scripts"
sys.path.insert(0, SCRIPTS)

from babelmerge.files import fingerprints, provenance
from babelmerge.study import graph, reading, sizes
from babelmerge.study.graph import paths


def read_studies():
    """Every study of config.yaml, expanded and checked, and its settings; both by name."""
    try:
        found = reading.read_all(config["studies"], config["data"])
    except ValueError as error:
        raise WorkflowError(str(error)) from None
    plans = {name: plan for name, (_, plan) in found.items()}
    return plans, {name: study.settings for name, (study, _) in found.items()}


STUDIES, CONFIGURATIONS = read_studies()
# Then one look at a model takes a second, and runs where Snakemake runs, also with a cluster.
SMALL = all(map(sizes.small, STUDIES.values()))
# Then scores may take a model that compares texts.
MEASURED = any(plan.encoder for plan in STUDIES.values())


wildcard_constraints:
    study=paths.alternatives(STUDIES),
    dataset="[^/]+/[^/]+",
    split="train|dev|test",
    model="base|(experts|joint|baselines)/[^/]+|merges/[^/]+/[^/]+",
    group=paths.alternatives(
        [
            "experts",
            *(name for plan in STUDIES.values() for name in plan.groups),
            *(name for plan in STUDIES.values() for name in graph.live.families(plan)),
        ]
    ),
    method="[^/]+",
    direction=paths.alternatives(
        name for plan in STUDIES.values() for name in plan.directions
    ),
    rows="[0-9]+",
    span="source|target",


def plan_of(wildcards):
    return STUDIES[wildcards.study]


def names_of(wildcards):
    """Names that readers see, where the study says them: `params: names` of what shows some."""
    return graph.chapters.names(plan_of(wildcards))


def code(script, without=()):
    """Fingerprint of a script's logic: the parameter by which an edit of code reruns its rule.

    `without` names rooms of code that the job does not enter; it fails when it does after all.
    """
    return CODE.code(f"{SCRIPTS}/{script}", without)


def lengths_of(datasets, *names):
    """What says which rows are too long for a model, of the data sets of a plan and wildcards.

    Where such rows are errors it says of none, and only has to be there.
    """

    def files(wildcards):
        plan = plan_of(wildcards)
        asked = datasets(plan, *(wildcards[name] for name in names))
        found = [graph.data.lengths(plan, dataset) for dataset in asked]
        return ancient(found) if plan.too_long == "error" else found

    return files


def figure(name, label):
    """A figure's three files; the first is shown in Snakemake's own report under a label."""
    svg = paths.FIGURE.replace("{figure}", name)
    labels = {"study": "{study}", "figure": label}
    others = [svg.replace(".svg", ending) for ending in (".pdf", ".png")]
    return [report(svg, category="Figures", labels=labels), *others]


def table(name):
    """A table's files."""
    tsv = paths.TABLE.replace("{table}", name)
    endings = (".tsv", ".md", ".tex", ".html", ".json")
    return [tsv.removesuffix(".tsv") + ending for ending in endings]


def chapter(name):
    """A chapter's file."""
    return paths.CHAPTER.replace("{chapter}", name)


def billions(wildcards):
    return sizes.parameters(plan_of(wildcards)) / 1e9


def memory(gigabytes):
    """Of a job that takes so many gigabytes for each billion parameters; in megabytes."""
    return lambda w: round(3000 + 1000 * gigabytes * billions(w))


def minutes(most):
    """Of a job that takes so long at most with a model of three billion parameters."""
    return lambda w: round(most * min(1.0, max(0.02, billions(w) / 3)))


def gpus(wildcards):
    """Small models are as fast without."""
    return int(not sizes.small(plan_of(wildcards)))


def measured(wildcards):
    """Whether a model measures scores of a data set."""
    return bool(graph.evaluate.encoder(plan_of(wildcards), wildcards.dataset))


def cpus(wildcards):
    """Results on a CPU depend on the number of threads: those of small models on one."""
    return 1 if sizes.small(plan_of(wildcards)) else 8


def content(paths):
    """Digests of files that users bring, so that their content counts and not their date."""
    return provenance.content(list(paths), DIGESTS)


def locked(without=None):
    """Digest of the packages that jobs run on, without one that they do not import."""
    pins = Path(f"{workflow.basedir}/envs/lock.txt").read_bytes().splitlines(True)
    kept = [pin for pin in pins if without is None or not pin.startswith(without)]
    return hashlib.sha256(b"".join(kept)).hexdigest()[:16]


DIGESTS = ".snakemake/babelmerge-digests.json"
CODE = fingerprints.Tree(SCRIPTS, ".snakemake/babelmerge-code.json")
atexit.register(CODE.save)  # what was read while the graph was built, for the next plan
LOCK = locked(without=b"cma==")  # which the search alone imports
