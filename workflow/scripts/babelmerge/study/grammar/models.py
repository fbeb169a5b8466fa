"""What a study file may say of models: how they are trained, or where they are taken from.

Shapes and types only; `plan.models` resolves them, and how a model is trained is the
`Training` of `training.settings`. The descriptions of the keys are the
documentation (`study.docs`).
"""

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from babelmerge.study.grammar import architectures
from babelmerge.study.grammar.repositories import Repository
from babelmerge.training.settings import Training
from babelmerge.words.spelling import listed
from babelmerge.words.strict import (
    LARGEST,
    Count,
    Name,
    OneOrMore,
    Strict,
    Text,
    Units,
    Whole,
    key,
    wrong,
)

Step = Annotated[
    Annotated[Whole, Tag("<number>")] | Annotated[Name, Tag("<word>")],
    Discriminator(lambda v: "<word>" if isinstance(v, str) else "<number>"),
]


class Tokenizer(Strict):
    """The tokenizer of a base trained from scratch: learnt, or taken."""

    vocab_size: Annotated[int, Field(ge=258, le=LARGEST)] | None = key(
        "Entries of a byte-level BPE to learn."
    )
    of: OneOrMore | None = key(
        "Tasks or datasets whose training rows it is learnt from. Default: base.pretrain's."
    )
    hub: Repository | None = key("Repository to take it from.")
    revision: Text | None = key("Commit or branch there.")
    path: Text | None = key("Folder to take it from.")

    @model_validator(mode="after")
    def _one_way(self) -> "Tokenizer":
        given = [name for name in ("vocab_size", "hub", "path") if getattr(self, name) is not None]
        if len(given) != 1:
            raise wrong(listed(given) if given else "none", "one of vocab_size, hub and path")
        if self.of is not None and self.vocab_size is None:
            raise wrong(f"of beside {given[0]}", "of beside vocab_size: text to learn it from")
        return self


class Ready(Strict):
    """A model that exists already."""

    hub: Repository | None = key(
        "Repository of a checkpoint or LoRA adapter; may hold placeholders."
    )
    revision: Text | None = key("Commit or branch there.")
    path: Text | None = key("Folder of a checkpoint or adapter; may hold placeholders.")

    @model_validator(mode="after")
    def _one_source(self) -> "Ready":
        other = getattr(self, "training", None) or getattr(self, "architecture", None)
        if sum(x is not None for x in (self.hub, self.path, other)) > 1:
            raise wrong("several sources", "one of hub, path and training")
        if self.revision is not None and self.hub is None:
            raise wrong("revision without hub", "hub and revision")
        return self

    @property
    def ready(self) -> bool:
        """Taken in rather than trained."""
        return self.hub is not None or self.path is not None


class Of(Strict):
    """Datasets, by task or dataset id, and perhaps only some of their units."""

    of: OneOrMore = key("A task, a dataset id (task/unit), or a list of these.", ...)
    units: Units | None = key("Only these pairs or languages.")


class Pretrain(Of):
    """What a base from scratch learns from."""

    repeat: dict[Text, Count] | None = key(
        "How often a pass goes over the rows of a unit, or of all units in a direction (to-pivot, "
        "from-pivot): {to-pivot: 3}. The nearer key wins. Default: once."
    )


class Vocabulary(Strict):
    """Which texts the vocabulary of a ready base has to serve."""

    of: OneOrMore = key(
        "Tasks or datasets whose training rows are read, as they are learnt from and asked: with "
        "the chat template, all choices or labels, and an example before them where there are "
        "`shots`. A task that no model is trained on may stand here, to read more rows than are "
        "learnt from.",
        ...,
    )


class Base(Ready):
    """The model that everything starts from: taken, or trained from scratch."""

    vocabulary: Vocabulary | None = key(
        "Of a ready base: tokens are dropped, with their rows of embeddings and head, that the "
        "training rows of these tasks do not use. Their texts are cut as before and get the same "
        "logits; other text is cut into smaller tokens, and the study warns of tasks that none of "
        "these is like. For small models of many languages, whose head is most of what they "
        "compute."
    )

    pretrain: Pretrain | None = key(
        "Datasets it is trained on. Without, it stays as its seed initialises it, trained 0 steps: "
        "the common start of models that are pre-trained apart."
    )
    architecture: dict[str, Any] | None = key(
        "Of a base from scratch: `model_type` and settings of its configuration in transformers."
    )
    tokenizer: Tokenizer | None = key("Of a base from scratch.")
    training: Training | None = key("Of a base from scratch.")

    @model_validator(mode="after")
    def _scratch(self) -> "Base":
        scratch = self.architecture is not None
        if self.ready == scratch:
            raise wrong("neither" if not scratch else "both", "hub, path or architecture")
        if scratch and "model_type" not in (self.architecture or {}):
            raise wrong("architecture without model_type", "model_type, for example qwen2")
        if scratch and self.vocabulary is not None:
            raise wrong("vocabulary beside architecture", "tokenizer: {vocab_size: …, of: …}")
        if scratch and self.tokenizer is None:
            raise wrong("architecture without tokenizer", "tokenizer: {vocab_size: …} or {hub: …}")
        return self

    @field_validator("architecture")
    @classmethod
    def _architecture(cls, architecture: dict[str, Any] | None) -> dict[str, Any] | None:
        if architecture is not None and "model_type" in architecture:
            architectures.check(architecture)
        return architecture


class Expert(Ready):
    """One expert."""

    of: OneOrMore | None = key(
        "Its tasks or dataset ids: what it is trained on and judged by. Only a ready model may do "
        "without; it is then tested and looked at on everything."
    )
    units: Units | None = key("Only these pairs or languages.")
    training: Training | None = key("Changes to the study's training.")

    @model_validator(mode="after")
    def _owns(self) -> "Expert":
        if self.of is None and (not self.ready or self.units is not None):
            raise wrong("no of", "of: a task or dataset ids (a ready model alone may do without)")
        return self


class Branches(Strict):
    """Experts that begin at states of another model instead of at the base."""

    of: Text = key("The joint model or expert that they begin at, as joint/mixed.", ...)
    at: Annotated[list[Count], Field(min_length=1)] = key(
        "Steps of its training: an expert goes on from there for as many of its own steps as then "
        "remain. {unit}@from-STEP is such an expert.",
        ...,
    )
    units: list[Text] | None = key("Only experts of these pairs or languages.")
    evaluate: OneOrMore | None = key(
        "Tasks or datasets of their own that they are tested on. Default: all of these."
    )


class ExpertSet(Ready):
    """An expert for each unit of a task, or for each language."""

    each: Text = key("A task (an expert for each of its units), or the word language.", ...)
    of: OneOrMore | None = key("With each: language, the tasks. Default: all.")
    units: Units | None = key("Only these pairs or languages.")
    name: Text = key("The experts' names; a template.", "{unit}")
    training: Training | None = key("Changes to the study's training.")
    evaluate: OneOrMore | None = key(
        "Tasks or datasets that each is tested on beside its own; [] for none. Default: those of "
        "the directions of its own, so that each is tested in all languages of its tasks."
    )
    checkpoints: list[Step] | None = key(
        "Steps whose weights are kept along training (or revisions to take): experts named "
        "{unit}@step."
    )
    checkpoint_revision: Text | None = key("Of taken experts: the revision of {step}.")
    checkpoint_evaluate: OneOrMore | None = key(
        "Tasks or datasets that checkpoints are tested on. Default: their own."
    )
    branches: Branches | None = key(
        "The same experts trained on from states of a common model. They are tested on their own "
        "datasets, or some of them, and not looked into."
    )


Experts = Annotated[
    Annotated[ExpertSet, Tag("<each>")] | Annotated[Expert, Tag("<of>")],
    Discriminator(lambda v: "<each>" if isinstance(v, dict) and "each" in v else "<of>"),
]


class Joint(Expert):
    """A model trained on several datasets at once: what merging is measured against."""

    of: OneOrMore = key("Its tasks or dataset ids.", ...)
    checkpoints: list[Step] | None = key("As for an expert set.")
    checkpoint_revision: Text | None = key("As for an expert set.")
    checkpoint_evaluate: OneOrMore | None = key("As for an expert set.")


class Existing(Ready):
    """A model that is always taken in."""

    @model_validator(mode="after")
    def _taken(self) -> "Baseline":
        if not self.ready:
            raise wrong("no source", "hub or path")
        return self


class Baseline(Existing):
    """A model to compare with, always taken in."""


class Encoder(Existing):
    """The model that BERTScore compares texts by: one that reads, such as multilingual BERT."""

    layer: Count | None = key(
        "The layer whose outputs are compared, from 1. Default: the one that bert-score takes for "
        "a model of that name, else the last."
    )
