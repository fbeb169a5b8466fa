"""Everything in one page that works offline."""

from job import running

from babelmerge.report.report import Chapter, write_report

with running(snakemake):
    cfg = snakemake.params.cfg
    chapters = [
        Chapter(*told, path) for told, path in zip(cfg["chapters"], snakemake.input, strict=True)
    ]
    write_report(snakemake.output[0], cfg["name"], chapters, cfg["title"])
