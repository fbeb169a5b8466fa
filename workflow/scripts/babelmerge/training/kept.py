"""States along a training that are kept: at given steps the weights, as a model folder each.

What a run needs to go on (`state`) is kept of its last step alone; these have no optimizer in them.
"""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from babelmerge.files.directories import MANIFEST, read_json
from babelmerge.models import checkpoints

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Kept:
    """Which steps' weights are kept, and below which folder: `folder`/step. facts: of a manifest.

    A run that goes on after a kill writes those again that it passes again, with the same bytes.
    """

    folder: str | Path = ""
    steps: Sequence[int] = ()
    facts: Mapping = field(default_factory=dict)

    def check(self, total: int) -> None:
        """ValueError for a step that a run of so many has not."""
        if beyond := [step for step in self.steps if not 1 <= step <= total]:
            raise ValueError(
                f"checkpoints: found step {beyond[0]}, expected steps from 1 to {total}, as many "
                "as are trained; leave it out, or train longer"
            )

    def keep(self, step: int, write: Write) -> None:
        """Write the weights of a step, where it is to be kept."""
        if step in self.steps:
            place = Path(self.folder, str(step))
            with checkpoints.saving(place, step=step, **self.facts) as folder:
                write(folder)

    def clear(self) -> None:
        """Remove the states of earlier runs, which kept others."""
        known = {str(step) for step in self.steps}
        folder = Path(self.folder)
        for place in folder.iterdir() if self.folder and folder.is_dir() else ():
            if place.name not in known:
                shutil.rmtree(place, ignore_errors=True)


def take(place: str | Path, out_dir: str | Path) -> None:
    """Make a kept state a model of its own: the same files, linked where the disk can."""
    source = Path(place)
    if not (source / MANIFEST).is_file():
        raise ValueError(
            f"{source}: the state that was kept along training is gone; remove the model's folder "
            "beside it under models/, and it is trained again"
        )
    told = read_json(source / MANIFEST)
    facts = {name: fact for name, fact in told.items() if name not in ("files", "fingerprint")}
    with checkpoints.saving(out_dir, told["files"], **facts) as folder:
        for name in told["files"]:
            _link(source / name, folder / name)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)
