# What people look at: tables, figures, one page.
#
# In: comparisons, sweeps, training logs. Out: results/{study}/tables, figures, report.html.


rule table_scores:
    """Scores of one family of groups, as the papers print them, with published values beside."""
    input:
        scores="results/{study}/comparisons/scores.tsv",
        published=lambda w: presentation.tables(plan_of(w))[w.table]["published"] or [],
    output:
        multiext("results/{study}/tables/scores-{table}", ".tsv", ".md", ".tex"),
    log:
        "logs/{study}/table_scores/{table}.log",
    params:
        code=code("table_scores.py"),
        cfg=lambda w: presentation.tables(plan_of(w))[w.table],
    message:
        "Table of {wildcards.table}"
    script:
        "../scripts/table_scores.py"


rule table_retention:
    """What merges keep of their experts, each case and on average."""
    input:
        lambda w: artifacts.retention_files(plan_of(w)),
    output:
        multiext("results/{study}/tables/retention", ".tsv", ".md", ".tex"),
        multiext("results/{study}/tables/retention-summary", ".tsv", ".md", ".tex"),
    log:
        "logs/{study}/table_retention.log",
    params:
        code=code("table_retention.py"),
        cfg=lambda w: presentation.retention_shown(plan_of(w)),
    message:
        "Table of retention"
    script:
        "../scripts/table_retention.py"


rule plot_matrix:
    """Every model on every test set of one direction."""
    input:
        "results/{study}/comparisons/scores.tsv",
    output:
        report(
            "results/{study}/figures/matrix-{direction}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "scores, {direction}"},
        ),
        "results/{study}/figures/matrix-{direction}.pdf",
        "results/{study}/figures/matrix-{direction}.png",
    log:
        "logs/{study}/plot_matrix/{direction}.log",
    params:
        code=code("plot_matrix.py"),
        cfg=lambda w: presentation.matrix_settings(plan_of(w), w.direction),
    message:
        "Figure of scores, {wildcards.direction}"
    script:
        "../scripts/plot_matrix.py"


rule plot_retention:
    """Retention by group and method: one family with intervals, or all groups on one line each."""
    input:
        lambda w: presentation.retention_drawn(plan_of(w), w.family),
    output:
        report(
            "results/{study}/figures/retention-{family}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "retention, {family}"},
        ),
        "results/{study}/figures/retention-{family}.pdf",
        "results/{study}/figures/retention-{family}.png",
    log:
        "logs/{study}/plot_retention/{family}.log",
    params:
        code=code("plot_retention.py"),
        cfg=lambda w: presentation.retention_figure(plan_of(w), w.family),
    message:
        "Figure of retention, {wildcards.family}"
    script:
        "../scripts/plot_retention.py"


rule plot_sweeps:
    """Every grid of one group, the selected points marked."""
    input:
        lambda w: presentation.sweep_files(plan_of(w), w.group).values(),
    output:
        report(
            "results/{study}/figures/sweeps-{group}.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "sweeps, {group}"},
        ),
        "results/{study}/figures/sweeps-{group}.pdf",
        "results/{study}/figures/sweeps-{group}.png",
    log:
        "logs/{study}/plot_sweeps/{group}.log",
    params:
        code=code("plot_sweeps.py"),
        cfg=lambda w: presentation.sweep_shown(plan_of(w), w.group),
    message:
        "Figure of sweeps over {wildcards.group}"
    script:
        "../scripts/plot_sweeps.py"


rule plot_training:
    """Loss over training, every model that was trained here."""
    input:
        lambda w: presentation.training_files(plan_of(w), "tsv"),
    output:
        report(
            "results/{study}/figures/training.svg",
            category="Figures",
            labels={"study": "{study}", "figure": "training"},
        ),
        "results/{study}/figures/training.pdf",
        "results/{study}/figures/training.png",
    log:
        "logs/{study}/plot_training.log",
    params:
        code=code("plot_training.py"),
        cfg=lambda w: {"models": list(plan_of(w).trained)},
    message:
        "Figure of training"
    script:
        "../scripts/plot_training.py"


rule report:
    """Everything in one page that works offline."""
    input:
        unpack(lambda w: presentation.report_inputs(plan_of(w))),
    output:
        report(
            "results/{study}/report.html",
            category="Report",
            labels={"study": "{study}"},
        ),
    log:
        "logs/{study}/report.log",
    params:
        code=code("report.py"),
        cfg=lambda w: presentation.report_settings(plan_of(w), CONFIGURATIONS[w.study]),
    message:
        "Report"
    script:
        "../scripts/report.py"
