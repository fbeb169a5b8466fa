# What training cost: one joint model of all languages, or an expert for each and a merge.
#
# In: training.json and merging.json beside the models, sweeps. Out: results/{study}/comparisons/
# cost.tsv; its table, a figure a direction, and the report's chapter. What the records hold changes
# from run to run; nothing but these depends on them.


rule compare_cost:
    """What training and merging took, added up for each way to one model of all languages."""
    input:
        unpack(lambda w: graph.cost.inputs(plan_of(w))),
    output:
        paths.COST,
    log:
        "logs/{study}/compare_cost.log",
    localrule: True
    params:
        code=code("compare_cost.py"),
        cfg=lambda w: graph.cost.settings(plan_of(w)),
    message:
        "Cost of training"
    script:
        "../scripts/compare_cost.py"


rule table_cost:
    """Time, tokens, work and, where the study says what an hour costs, prices."""
    input:
        paths.COST,
    output:
        table("cost"),
    log:
        "logs/{study}/table_cost.log",
    localrule: True
    params:
        code=code("table_cost.py"),
        names=names_of,
        cfg=lambda w: graph.cost.shown(plan_of(w)),
    message:
        "Table of costs"
    script:
        "../scripts/table_cost.py"


rule plot_cost:
    """Joint training against experts and a merge, in time and in work."""
    input:
        paths.COST,
    output:
        figure("cost-{direction}", "cost, {direction}"),
    log:
        "logs/{study}/plot_cost/{direction}.log",
    localrule: True
    params:
        code=code("plot_cost.py"),
        names=names_of,
        cfg=lambda w: graph.cost.shown(plan_of(w)),
    message:
        "Figure of costs, {wildcards.direction}"
    script:
        "../scripts/plot_cost.py"


rule chapter_cost:
    """What training cost."""
    input:
        unpack(lambda w: graph.cost.chapter(plan_of(w)).inputs()),
    output:
        chapter("cost"),
    log:
        "logs/{study}/chapter_cost.log",
    localrule: True
    params:
        code=code("chapter_cost.py"),
        names=names_of,
        cfg=lambda w: graph.cost.chapter(plan_of(w)).settings(),
    message:
        "Chapter: cost of training"
    script:
        "../scripts/chapter_cost.py"
