# What people look at: everything in one page.
#
# In: comparisons, tables, figures, samples of outputs. Out: results/{study}/report.html.


rule report:
    """Everything in one page that works offline."""
    input:
        unpack(lambda w: graph.report.inputs(plan_of(w))),
    output:
        report(
            paths.REPORT,
            category="Report",
            labels={"study": "{study}"},
        ),
    log:
        "logs/{study}/report.log",
    params:
        code=code("report.py"),
        cfg=lambda w: graph.report.settings(plan_of(w), CONFIGURATIONS[w.study]),
    message:
        "Report"
    script:
        "../scripts/report.py"
