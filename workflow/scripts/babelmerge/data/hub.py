"""Parallel text in data sets of the hub, or in a local folder with a hub data set's layout.

Imports `datasets` inside the functions: parsing a study must not pay for it. Yields the records of
`readers`; downloads only what the options name.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

from babelmerge.data.files import fill, names_for, sides
from babelmerge.data.readers import Record, field, matches, sides_of
from babelmerge.words import splits
from babelmerge.words.showing import shown

OPTIONS = (
    *("hub", "revision", "config", "split", "columns", "fields", "lists", "where"),
    *("keys_from", "unusable"),
)
REMEDIES = (  # words of the library's message, and what helps
    (
        ("gated", "authenticated", "401", "403"),
        "accept the terms on the data set's page and log in (`hf auth login`, or set HF_TOKEN)",
    ),
    (
        ("script", "trust_remote_code"),
        "script-only data sets are not run; name its parquet conversion instead: "
        "hub: hf://datasets/REPO@refs/convert/parquet/CONFIG/SPLIT/*.parquet",
    ),
    (("BuilderConfig", "Config name"), "name one of the configs in `config`"),
    (("split",), "name one of its splits in `split`"),
    (
        ("offline", "connect", "resolve", "Couldn't reach"),
        "this machine cannot reach the hub: fetch the data set elsewhere and name the local folder",
    ),
)


def _refusal(options: Mapping, error: Exception) -> ValueError:
    message = " ".join(_messages(error))
    helps = [help_ for words, help_ in REMEDIES if any(w in message for w in words)]
    fix = helps[0] if helps else "check `hub`, `revision`, `config` and `split`"
    config = f", config {options['config']}" if options.get("config") else ""
    return ValueError(
        f"hub: {options['hub']}{config}, split {options.get('split')}: cannot be read "
        f"({message}); {fix}"
    )


def _messages(error: BaseException | None) -> Iterator[str]:
    """What an error says, and those behind it."""
    while error is not None:
        yield f"{type(error).__name__}: {error}"
        error = error.__cause__


def _read(data: Iterable[dict], place: str) -> Iterator[dict]:
    """The rows of a data set; ValueError where it breaks off, as broken files and networks do."""
    try:
        yield from data
    except Exception as error:  # of the library and of all that it reads with
        raise ValueError(
            f"{place}: breaks off while it is read ({' '.join(_messages(error))}); repair the "
            "files, or fetch them again"
        ) from error


def load(options: Mapping, stream: bool) -> Any:
    """The data set that options name (repo, folder or hf:// parquet files), perhaps streaming.

    What is cut out of a split is never streamed: the library cannot.
    """
    import datasets

    hub, split = options["hub"], options.get("split")
    if split is None:
        raise ValueError(f"hub: {hub}: `split` is missing; name one (train, dev, test, …)")
    stream = stream and split in _names(split)
    try:
        if str(hub).startswith("hf://"):
            files = {name: hub for name in _names(split)}
            return datasets.load_dataset("parquet", data_files=files, split=split, streaming=stream)
        return datasets.load_dataset(
            str(hub),
            options.get("config"),
            revision=options.get("revision"),
            split=split,
            streaming=stream,
        )
    except Exception as error:  # of the library and of all that it reads with
        raise _refusal(options, error) from error


def _names(split: str) -> list[str]:
    """The splits that a text such as train[:80%]+dev names."""
    try:
        return [cut.name for cut in splits.parse(split)]
    except ValueError:
        return [split]  # the library has the last word


def _joined(
    data: list, columns: list[str], places: list[str], where: Mapping[str, str]
) -> Iterator[Record]:
    """Records of two data sets that hold a language each, by row order; `id`s must agree."""
    counts = [len(d) if hasattr(d, "__len__") else None for d in data]
    if None not in counts and counts[0] != counts[1]:
        raise ValueError(f"{places[0]} has {counts[0]} rows, {places[1]} has {counts[1]}; {_ALIGN}")
    for number, rows in enumerate(zip_longest(*map(_read, data, places))):
        if None in rows:
            short = rows.index(None)
            raise ValueError(
                f"{places[short]} ends after {number} rows, its pair goes on; {_ALIGN}"
            )
        ids = [row.get("id") for row in rows]
        if ids[0] != ids[1]:
            raise ValueError(
                f"row {number}: id {ids[0]} in {places[0]}, {ids[1]} in {places[1]}; {_ALIGN}"
            )
        if all(matches(row, where, place) for row, place in zip(rows, places, strict=True)):
            yield tuple(
                [field(row, column, f"{place}: row {number}")]
                for row, column, place in zip(rows, columns, places, strict=True)
            )


_ALIGN = "the languages must be aligned row by row: take both from one revision and split"


def _single(data: Any, columns: tuple, name: str, where: Mapping[str, str]) -> Iterator[Record]:
    for number, row in enumerate(_read(data, name)):
        place = f"{name}: row {number}"
        if matches(row, where, place):
            yield sides_of(row, columns, place)


def open_hub(options: Mapping, pair: tuple[str, str], stream: bool) -> tuple[str, Iterator[Record]]:
    """(what was read, records) of a `hub` corpus; see `corpora.read` for the options."""
    table = options.get("columns") or {}
    names = names_for(table, pair, options.get("split"))
    found = sides(options, pair, names)
    where, hub = options.get("where") or {}, f"hub: {options['hub']}"
    if any(isinstance(entry, Mapping) for entry in found):
        both = zip(found, pair, strict=True)
        parts = [_part(options, entry, language) for entry, language in both]
        data = [load(part, stream) for part in parts]
        places = [f"{hub}, config {part['config']}" for part in parts]
        columns = [part["column"] for part in parts]
        return " and ".join(places), _joined(data, columns, places, where)
    config = fill(options["config"], names) if options.get("config") else None
    place = f"{hub}, config {config}" if config else hub
    data = load({**options, "config": config}, stream)
    return place, _single(data, tuple(found), place, where)


def _part(options: Mapping, entry: Any, language: str) -> dict:
    if not isinstance(entry, Mapping) or set(entry) != {"config", "column"}:
        raise ValueError(
            f"hub: {options['hub']}: columns: {language}: found {shown(entry)}, expected "
            "{config: …, column: …} for both languages when one has it"
        )
    return {**options, **entry}
