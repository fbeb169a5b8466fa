"""Every metric by name: what readers call it, and how its numbers are shown and compared.

The one table of such facts; how a metric is counted is registered in `evaluation.metrics`, and
which tasks have it in `tasks`. Scores are stored as they are counted (BLEU 0-100, shares 0-1) and
shown `factor` times as large. Imports nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

WITH_SPACE = "accuracy_characters_with_space"  # which counts the space that a choice begins with


@dataclass(frozen=True)
class Metric:
    """How a metric is shown.

    name: as studies and tables of scores write it. label: for readers. factor: from stored to
    shown. higher_is_better: which way is better. digits: decimals shown. signature: the template
    of what stands beside its numbers where that is ours to say; libraries write their own. floor:
    what any text may score by chance, as stored; a model below it has not learnt the task. answer:
    the way of answering that it can be counted of (`tasks.kind`), where it is not any. fault:
    of a rate of outputs that fail as such, how it is named and what they are. of: what it is a rate
    of. needs: the key of a
    study's `evaluation` that names the model which measures it; without it there is no such metric.
    """

    name: str
    label: str
    factor: float = 1.0
    higher_is_better: bool = True
    digits: int = 2
    signature: str = ""
    floor: float = 0.0
    answer: str = ""
    fault: tuple[str, str] | None = None
    of: str = "outputs"
    needs: str = ""

    @property
    def unit(self) -> str:
        """What stands behind a number: % for a share."""
        return "%" if " %" in self.label else ""

    @property
    def word(self) -> str:
        """The label within a sentence: accuracy for Accuracy %, BLEU for BLEU."""
        plain = self.label.replace(" %", "")
        return plain[:1].lower() + plain[1:] if plain[1:2].islower() else plain

    @property
    def is_cost(self) -> bool:
        """Whether less is better and it tells of learning, as of bits per byte."""
        return not (self.higher_is_better or self.fault)

    @property
    def better(self) -> str:
        """Where the better of two scores is: above the other."""
        return "above" if self.higher_is_better else "better than"

    @property
    def worse(self) -> str:
        """Where the worse of two scores is: below the other."""
        return "below" if self.higher_is_better else "worse than"

    def kept(self, score: Any, whole: Any) -> Any:
        """What share of a score another keeps; turned of costs, so that more is always better."""
        return whole / score if self.is_cost else score / whole

    @property
    def failed(self) -> str:
        """What a rate is the share of: outputs in another language than asked for."""
        return f"{self.of} {self.fault[1]}" if self.fault else ""


def _share(name: str, label: str, **more) -> Metric:
    return Metric(name, label, factor=100.0, digits=1, **more)


def _by(measure: str) -> Metric:
    """Accuracy where the likelihood of a choice is divided by its length."""
    label = f"Accuracy % (by {measure.replace('_', ' ')})"
    return _share(f"accuracy_{measure}", label, answer="likelihood")


_METRICS: dict[str, Metric] = {
    record.name: record
    for record in (
        Metric("bleu", "BLEU", floor=1.0),
        Metric("bleu_intl", "BLEU (intl)", floor=1.0),
        Metric("chrf", "chrF"),
        Metric("chrf++", "chrF++"),
        Metric(
            "off_target",
            "Off-target %",
            factor=100.0,
            higher_is_better=False,
            digits=1,
            fault=("off target", "in another language than asked for"),
            signature="target:{target}|candidates:{candidates}|id:script+py3langid",
        ),
        *(
            _share(f"rouge{name}{suffix}", f"ROUGE-{name}{told}")
            for suffix, told in (("", ""), ("_default", " (default tokens)"))
            for name in ("1", "2", "L", "Lsum")
        ),
        Metric("bertscore", "BERTScore", factor=100.0, digits=1, needs="bertscore"),
        Metric(
            "bits_per_byte", "Bits per byte", higher_is_better=False, digits=3, answer="likelihood"
        ),
        _share("accuracy", "Accuracy %"),
        _share("precision", "Precision %"),
        _share("recall", "Recall %"),
        _share("f1", "F1 %"),
        _by("characters"),
        _by("characters_with_space"),
        _by("tokens"),
        _by("bytes"),
        _share(
            "unread",
            "Unread %",
            higher_is_better=False,
            answer="generate",
            fault=("unread", "without a readable answer"),
        ),
        _share(
            "hallucination",
            "Hallucination %",
            higher_is_better=False,
            fault=("hallucinated", "that are not in the input"),
            of="examples",
        ),
        _share(
            "without_examples",
            "Without examples %",
            higher_is_better=False,
            fault=("without examples", "without an example"),
        ),
    )
}
METRICS: Mapping[str, Metric] = MappingProxyType(_METRICS)


def metric(name: str) -> Metric:
    """The record of a metric; an unknown one is shown under its own name, unscaled."""
    return METRICS.get(name, Metric(name, name))


def faults(names: Iterable[str]) -> list[Metric]:
    """Of some metrics those that are rates of outputs which fail as such."""
    there = set(names)
    return [record for name, record in METRICS.items() if record.fault and name in there]


def register(record: Metric) -> None:
    """Add a metric to the table; ValueError for a name that is taken."""
    if record.name in _METRICS:
        raise ValueError(f"metric {record.name!r} has a record already; give it another name")
    _METRICS[record.name] = record


def forget(name: str) -> None:
    """Take a registered metric out again."""
    del _METRICS[name]
