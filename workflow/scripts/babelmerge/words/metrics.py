"""Every metric by name: what readers call it, and how its numbers are shown and compared.

The one table of such facts; how a metric is counted is registered in `evaluation.metrics`, and
which tasks have it in `tasks`. Scores are stored as they are counted (BLEU 0-100, shares 0-1) and
shown `factor` times as large. Imports nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Metric:
    """How a metric is shown.

    name: as studies and tables of scores write it. label: for readers. factor: from stored to
    shown. higher_is_better: which way is better. digits: decimals shown. signature: the template
    of what stands beside its numbers where that is ours to say; libraries write their own. floor:
    what any text may score by chance, as stored; a model below it has not learnt the task.
    """

    name: str
    label: str
    factor: float = 1.0
    higher_is_better: bool = True
    digits: int = 2
    signature: str = ""
    floor: float = 0.0


def _share(name: str, label: str) -> Metric:
    return Metric(name, label, factor=100.0, digits=1)


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
            signature="target:{target}|candidates:{candidates}|id:script+py3langid",
        ),
        Metric("rouge1", "ROUGE-1"),
        Metric("rouge2", "ROUGE-2"),
        Metric("rougeL", "ROUGE-L"),
        Metric("bertscore", "BERTScore"),
        _share("accuracy", "Accuracy %"),
        _share("precision", "Precision %"),
        _share("recall", "Recall %"),
        _share("f1", "F1 %"),
        _share("accuracy_characters", "Accuracy % (by characters)"),
        _share("accuracy_tokens", "Accuracy % (by tokens)"),
        _share("accuracy_bytes", "Accuracy % (by bytes)"),
    )
}
METRICS: Mapping[str, Metric] = MappingProxyType(_METRICS)


def metric(name: str) -> Metric:
    """The record of a metric; an unknown one is shown under its own name, unscaled."""
    return METRICS.get(name, Metric(name, name))


def register(record: Metric) -> None:
    """Add a metric to the table; ValueError for a name that is taken."""
    if record.name in _METRICS:
        raise ValueError(f"metric {record.name!r} has a record already; give it another name")
    _METRICS[record.name] = record


def forget(name: str) -> None:
    """Take a registered metric out again."""
    del _METRICS[name]
