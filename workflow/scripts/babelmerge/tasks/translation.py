"""Translation: a sentence of one language, its translation into another generated and compared."""

from babelmerge.tasks.kind import GENERATED, PAIR, Kind, prompted

KIND = Kind(
    name="translation",
    unit=PAIR,
    fields=("source", "target"),
    placeholders=("source_language", "target_language", "source_code", "target_code", "source"),
    metrics=("bleu", "bleu_intl", "chrf", "chrf++", "off_target"),
    main=("bleu", "chrf", "chrf++"),
    always=("off_target",),
    answer=GENERATED,
    spans=("source", "target"),
    reference="target",
    built=True,
    made="sentences",
    check=prompted,
)
