# Data: corpora in, one JSON Lines file for each data set and split out.
#
# In: what the study's corpora name (the hub, files, the controlled corpus).
# Out: results/{study}/data/{task}/{unit}/{train,dev,test}.jsonl, and checked.json beside them.
# First in every run, so that a mistake in the data stops it before any training starts.


rule prepare_data:
    """Read one split of one data set into rows of our own format."""
    input:
        files=lambda w: ancient(graph.data.corpus_files(plan_of(w), w.dataset, w.split)),
        held_out=lambda w: graph.data.held_out(plan_of(w), w.dataset, w.split),
    output:
        paths.DATA,
    log:
        "logs/{study}/prepare_data/{dataset}/{split}.log",
    benchmark:
        "logs/{study}/prepare_data/{dataset}/{split}.benchmark.tsv"
    priority: 100
    localrule: SMALL
    params:
        code=code("prepare_data.py"),
        cfg=lambda w: graph.data.settings(plan_of(w), w.dataset, w.split),
        content=lambda w: content(
            graph.data.corpus_files(plan_of(w), w.dataset, w.split)
        ),
    message:
        "Data: {wildcards.dataset} {wildcards.split}"
    script:
        "../scripts/prepare_data.py"


rule check_data:
    """Refuse a data set whose dev or test rows stand in its training rows as well."""
    input:
        splits=lambda w: graph.data.splits(plan_of(w), w.dataset),
        before=lambda w: ancient(graph.train.hub_checked(plan_of(w))),
    output:
        paths.CHECKED,
    log:
        "logs/{study}/check_data/{dataset}.log",
    priority: 100
    localrule: True
    params:
        code=code("check_data.py"),
        cfg=lambda w: graph.data.check_settings(plan_of(w), w.dataset),
    message:
        "Check: {wildcards.dataset}"
    script:
        "../scripts/check_data.py"


rule table_sizes:
    """Sentences of each split of each data set."""
    input:
        checked=lambda w: graph.data.checked_files(plan_of(w)),
        lengths=lambda w: graph.data.lengths_files(plan_of(w)),
    output:
        table("sizes"),
    log:
        "logs/{study}/table_sizes.log",
    localrule: True
    params:
        code=code("table_sizes.py"),
        names=names_of,
        cfg=lambda w: graph.data.table_settings(plan_of(w)),
    message:
        "Table of sizes"
    script:
        "../scripts/table_sizes.py"
