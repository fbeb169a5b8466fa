"""A merge gets blocks back from the experts, and is scored; no model is written."""

from job import running

from itertools import islice
from pathlib import Path

import pandas as pd

from babelmerge.analysis.interventions import blocks as intervention_blocks
from babelmerge.analysis.interventions import cases as interventions
from babelmerge.data.lengths import readable
from babelmerge.files.atomic import write_atomically
from babelmerge.files.rows import read_rows

with running(snakemake, keeps=True):
    cfg, files = snakemake.params.cfg, snakemake.input
    folders = [Path(file).parent for file in (*files.owners, files.base)]
    others = dict(zip([*cfg["owners"], intervention_blocks.BASE], folders, strict=True))
    options = {**cfg["generation"], "batch_size": snakemake.resources.batch_size}
    dtype = options.pop("dtype")
    live = intervention_blocks.LiveBlocks(Path(files.merge).parent, others, dtype)
    given = zip(cfg["cases"], cfg["splits"], files.data, files.lengths, strict=True)
    cases = [
        interventions.Case(
            rows=list(readable(islice(read_rows(file), cfg["rows"]), lengths, split)), **case
        )
        for case, split, file, lengths in given
    ]
    rows = intervention_blocks.rows(
        live,
        cases,
        lambda some: interventions.decoded(live.model, live.tokenizer, some, options),
        cfg["places"],
        cfg["steps"],
    )
    merge = {key: snakemake.wildcards[key] for key in ("group", "method")}
    table = pd.DataFrame(merge | row for row in rows).to_csv(sep="\t", index=False)
    write_atomically(snakemake.output[0], table)
