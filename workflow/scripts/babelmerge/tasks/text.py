"""Text: sentences of one language, read as they are; what models do with them is looked at."""

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
    check=as_it_is,
)
