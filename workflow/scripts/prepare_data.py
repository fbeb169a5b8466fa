"""Read one split of one data set into rows."""

from job import running

from itertools import chain

from babelmerge.data import corpora, settling


def renamed(rows, prefix):
    """Rows with a prefix before their ids."""
    return ({**row, "id": f"{prefix}{row['id']}"} for row in rows)


def rows_of(cfg, held_out):
    """All requested corpora one after the other, ids told apart, names of own languages added."""
    parts = []
    for number, request in enumerate(cfg["requests"]):
        found = corpora.read(
            request["kind"], request["options"], cfg["source_language"], cfg["target_language"]
        )
        parts.append(renamed(found, f"{number}." if len(cfg["requests"]) > 1 else ""))
    fields = {key: None for r in cfg["requests"] for key in r["options"].get("fields", ())}
    rows = corpora.check_rows(
        chain.from_iterable(parts), f"{cfg['dataset']} {cfg['split']}", fields
    )
    if "task" in cfg:
        rows = settling.settled(rows, **cfg["task"])
    if cfg["overlap"] == "drop":
        rows = corpora.drop_overlap(
            rows,
            chain.from_iterable(corpora.read_rows(path) for path in held_out),
            "training" if cfg["split"] == "train" else cfg["split"],
        )
    return ({**row, **cfg["names"]} for row in rows)


with running(snakemake) as log:
    count = corpora.write_rows(
        snakemake.output[0], rows_of(snakemake.params.cfg, snakemake.input.get("held_out", []))
    )
    log.info("%d rows", count)
