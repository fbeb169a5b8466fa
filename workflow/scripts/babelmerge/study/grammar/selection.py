"""What a study file may say of choosing: how sweeps are decided, and what is refused else."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag

from babelmerge.words.strict import Count, Strict, Text, form, key

ON_TEST = "selection-on-test"
Allowance = Literal["selection-on-test"]
Allowances = Annotated[
    Annotated[Allowance, Tag("<one>")] | Annotated[list[Allowance], Tag("<list>")],
    Discriminator(form),
]


class Selection(Strict):
    """How the winner of a sweep is chosen: the best mean over the group's datasets."""

    split: Literal["train", "dev", "test"] = key(
        "Rows it is chosen on; `test` only with `allow`.", "dev"
    )
    metric: Text | None = key(
        "Metric averaged over the datasets. Default: bleu for translation, else the first that "
        "their task has, such as accuracy."
    )
    rows: Count | None = key("Only the first rows of each dataset. Default: all.")
