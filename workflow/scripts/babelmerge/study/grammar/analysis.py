"""What a study file may say of looking inside models, and of changing them to test an explanation.

Shapes and types only; `plan.analysis` checks the names. The descriptions of the keys are the
documentation (`study.docs`).
"""

from typing import Annotated, Literal

from pydantic import Field

from babelmerge.words.likeness import MEASURES
from babelmerge.words.strict import LARGEST, Count, OneOrMore, Share, Strict, Text, key

Place = Literal["last", "first", "middle"]
Likeness = Literal[tuple(MEASURES)]
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


class Neurons(Strict):
    """Language-specific neurons."""

    rho: Share = key("Share of lowest-entropy neurons selected.", 0.1)
    tau: Share = key("Quantile of activation rates that is the threshold.", 0.8)
    order: Literal["paper", "lape"] = key("Entropy first, or threshold first.", "paper")


class Cka(Strict):
    """Similarity of representations."""

    resamples: Count = key("Bootstrap resamples.", 1000)


class Angles(Strict):
    """Principal angles between subspaces."""

    rank: Count = key("Directions kept.", 64)


class Distances(Strict):
    """Distances of languages from a table of the user's own, instead of the shipped features."""

    path: Text = key(
        "TSV below the data folder; its first two columns are the study's codes of languages.", ...
    )
    column: Text = key("The column with the distances.", ...)


class Mergeability(Strict):
    """What merges lose against how alike their experts are."""

    measures: list[Likeness] | None = key(
        "What pairs of experts are compared by. Default: all but those over all layers.",
        min_length=1,
    )
    groups: OneOrMore | None = key("Groups, or families of them, that count. Default: all.")
    outcome: Literal["retention", "drop"] = key(
        "retention: merge / expert; drop: expert - merge, in points of the metric.", "retention"
    )
    typology: Distances | None = key("Default: resources/typology.tsv, features of WALS.")


class Nothing(Strict):
    """No parameters."""


class Analysis(Strict):
    """Which analyses are made, and their parameters ({} takes the defaults)."""

    neurons: Neurons | None = key("Language-specific neurons.")
    cka: Cka | None = key("Centred kernel alignment of hidden states.")
    angles: Angles | None = key("Principal angles.")
    usage_alignment: Nothing | None = key("Cosine of neurons' activation rates.")
    task_vectors: Nothing | None = key("Cosine, norm and stable rank of expert − base.")
    mergeability: Mergeability | None = key("How merges are set against pairs of experts.")
    interventions: Interventions | None = key("Blocks and neurons changed, to see what it does.")
    benchmarks: Nothing | None = key(
        "A table of all tasks: of every system the mean over languages with its interval, and the "
        "coefficient of variation."
    )
    datasets: OneOrMore | None = key(
        "Tasks or datasets that models are looked at on, all of them on the same. Default: each on "
        "those that it is tested on, and on what is like them."
    )
    rows: Count | None = key("Probe sentences of each dataset. Default: all of the split.")
    split: Literal["dev", "test"] = key("Which rows are probed.", "dev")
