"""Look up the models that a study takes from the hub: their repositories and revisions."""

from job import running

import json

from babelmerge.files.atomic import write_atomically
from babelmerge.models import taking

with running(snakemake):
    cfg = snakemake.params.cfg
    taking.look_up({model: (one["hub"], one["revision"]) for model, one in cfg.items()})
    write_atomically(snakemake.output[0], json.dumps(cfg, indent=1) + "\n")
