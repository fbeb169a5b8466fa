"""What a study file may say of choosing: how sweeps are decided, and what is refused else."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from babelmerge.recipes.spaces import By
from babelmerge.study.grammar import limits
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


class Search(Strict):
    """A search beyond a method's grid, by CMA-ES over the experts' weights."""

    points: Annotated[int, Field(ge=2, le=limits.SEARCHED)] = key(
        "Points that are tried, the start and the mean of the last generation among them.", ...
    )
    by: By = key(
        "A weight for each expert; or one for each expert in each of `bands` places along the "
        "layers, with straight lines between them (embeddings, final norm and head go with the "
        "first); or one for each expert's attention, feed-forward and remaining tensors.",
        "expert",
    )
    bands: Annotated[int, Field(ge=2, le=limits.BANDS)] = key("Of `by: layer-band`.", 4)
    rows: Annotated[int, Field(ge=2)] | None = key(
        "Only the first rows of each dataset; one half of them is searched on. Default: those of "
        "`selection`."
    )
