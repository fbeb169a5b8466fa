"""Read one split of one data set into rows."""

from job import running

from itertools import chain, islice

from babelmerge.data import corpora, settling

MOST_EXAMPLES = 10_000  # rows that examples are drawn from


def renamed(rows, prefix):
    """Rows with a prefix before their ids."""
    return ({**row, "id": f"{prefix}{row['id']}"} for row in rows)


def read(cfg, requests):
    """All requested corpora one after the other, ids told apart, checked and settled."""
    parts = []
    for number, request in enumerate(requests):
        found = corpora.read(
            request["kind"], request["options"], cfg["source_language"], cfg["target_language"]
        )
        parts.append(renamed(found, f"{number}." if len(requests) > 1 else ""))
    fields = {key: None for r in requests for key in r["options"].get("fields", ())}
    rows = corpora.check_rows(
        chain.from_iterable(parts), f"{cfg['dataset']} {cfg['split']}", fields
    )
    return settling.settled(rows, **cfg["task"]) if "task" in cfg else rows


def shown(rows, cfg, number, seed, where, requests):
    """Rows with the examples that stand before them, of other rows or of their own split."""
    rows = rows if requests else list(rows)
    pool = list(islice(read(cfg, requests) if requests else rows, MOST_EXAMPLES))
    return settling.with_examples(rows, pool, number, seed, where)


def rows_of(cfg, held_out):
    """The rows of a split, with names of own languages, and examples where they are shown."""
    rows = read(cfg, cfg["requests"])
    if cfg["overlap"] == "drop":
        rows = corpora.drop_overlap(
            rows,
            chain.from_iterable(corpora.read_rows(path) for path in held_out),
            "training" if cfg["split"] == "train" else cfg["split"],
        )
    if "shots" in cfg:
        rows = shown(rows, cfg, **cfg["shots"])
    return ({**row, **cfg["names"]} for row in rows)


with running(snakemake) as log:
    count = corpora.write_rows(
        snakemake.output[0], rows_of(snakemake.params.cfg, snakemake.input.get("held_out", []))
    )
    log.info("%d rows", count)
