"""Look up the models that a study takes from the hub: their repositories and revisions."""

from job import running

import json

from babelmerge.files.atomic import write_atomically
from babelmerge.models.hub import looking_up

again: list[str] = []  # why the next run has to ask once more
with running(snakemake, again=again):
    cfg = snakemake.params.cfg
    places = {model: (one["hub"], one["revision"]) for model, one in cfg.items()}
    unknown = looking_up.look_up(places)
    if unknown:
        again.append(f"the hub has not answered for {', '.join(unknown)}")
    found = {model: one for model, one in cfg.items() if one["hub"] not in unknown}
    write_atomically(snakemake.output[0], json.dumps(found, indent=1) + "\n")
