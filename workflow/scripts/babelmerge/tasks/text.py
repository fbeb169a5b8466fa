"""Text: sentences of one language, read and learnt as they are, and looked at inside models."""

from babelmerge.tasks.kind import LANGUAGE, Kind, as_it_is

KIND = Kind(
    name="text",
    unit=LANGUAGE,
    fields=("source",),
    placeholders=(),
    metrics=(),
    main=(),
    answer=None,
    spans=("source",),
    built=True,
    bare="{source}",
    made="sentences",
    whole=True,
    check=as_it_is,
)
