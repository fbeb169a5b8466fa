"""What a study file may say of interventions: changes to models that test an explanation.

Shapes and types only; `plan.analysis` checks the names. The descriptions of the keys are the
documentation (`study.docs`).
"""

from typing import Annotated, Literal

from pydantic import Field

from babelmerge.words.strict import LARGEST, Count, Strict, Text, key

Place = Literal["last", "first", "middle"]
PLACES: tuple[Place, ...] = ("last", "first", "middle")


class BlockSwaps(Strict):
    """Merges that get some blocks back from the expert whose data set is scored."""

    methods: list[Text] | None = key(
        "Labels of merging methods. Default: the first of each group.", min_length=1
    )
    places: list[Place] = key(
        "Which blocks: the last k, the first k, the middle k.",
        default_factory=lambda: list(PLACES),
        min_length=1,
    )
    steps: Annotated[int, Field(ge=2, le=LARGEST)] = key(
        "Values of k, evenly from none to all blocks (fewer where there are fewer blocks).", 7
    )


class NeuronSwitches(Strict):
    """Neurons of a language (as `neurons` selects them) switched off, beside random ones."""

    models: list[Text] | None = key(
        "Ids of models. Default: the base, and of each direction the joint model or else a merge.",
        min_length=1,
    )
    draws: Count = key("Random sets of as many neurons in each block.", 3)


class Interventions(Strict):
    """Which interventions are made ({} takes the defaults of one)."""

    blocks: BlockSwaps | None = key("Blocks taken from experts.")
    neurons: NeuronSwitches | None = key("Neurons switched off; needs `neurons` of `analysis`.")
    rows: Count | None = key(
        "Sentences of each data set that are scored. Default: those that are probed."
    )
