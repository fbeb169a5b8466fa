"""What a study file may say of benchmarks that EleutherAI's lm-evaluation-harness runs.

They stand among the tasks and are told from them by `kind: harness`. Shapes only: `plan.datasets`
resolves them. The descriptions are the documentation (`study.docs`).
"""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from babelmerge.study.grammar.corpora import HARNESS, Task
from babelmerge.words.strict import Count, Name, Strict, Text, Whole, key, wrong


class Harness(Strict):
    """Benchmarks that lm-evaluation-harness runs by their names: what models forget.

    All models of the study are run on them as they are; they have no rows to train or select on.
    """

    kind: Literal["harness"] = key("The word harness.", ...)
    tasks: Annotated[list[Name], Field(min_length=1)] = key(
        "Names of tasks or groups, of the harness or of `include`.", ...
    )
    include: Text | None = key(
        "Folder of task files of your own, in the data folder. Where data_files of a task are no "
        "files in the working folder, they are looked for in there."
    )
    shots: Whole | None = key("Examples shown before each item. Default: as many as the task says.")
    limit: Count | None = key("So many items of each task, the first ones. Default: all.")
    chat: bool = key("Wrap prompts in the tokenizer's chat template.", False)
    metrics: list[Text] | None = key(
        "What tables show of a task: the first of these metrics that it has. Default: the first "
        "that it reports."
    )

    @model_validator(mode="after")
    def _each_once(self) -> "Harness":
        if twice := next((t for at, t in enumerate(self.tasks) if t in self.tasks[:at]), None):
            raise wrong(f"task {twice!r} twice", "each task once")
        return self


def _form(value: object) -> str:
    return "<harness>" if isinstance(value, dict) and value.get("kind") == HARNESS else "<task>"


AnyTask = Annotated[
    Annotated[Task, Tag("<task>")] | Annotated[Harness, Tag("<harness>")], Discriminator(_form)
]
