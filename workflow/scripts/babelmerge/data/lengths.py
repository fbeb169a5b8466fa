"""Rows that are too long for the models that will read them, found before anything is trained.

Rows are measured by the tokenizers that will read them. What models decode must fit as a whole, so
that scores are of the same rows for all models: the study says what becomes of prompts that do
not (`too_long`). Looking inside leaves out long prompts and cuts long targets; so does training,
unless it is told otherwise (`learnt_lengths`); that is counted. `check` decides, `readable` is what
decoding reads afterwards.
"""

import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, permutations
from pathlib import Path

import numpy as np

from babelmerge.data import learnt_lengths
from babelmerge.data.measuring import Measured, Reader, Row, check_positions, measure, rows_at
from babelmerge.files.rows import read_rows
from babelmerge.tasks import choices, prompts
from babelmerge.words.showing import shown

Decided = dict[str, int | None]  # row id -> letters kept of its source; None: left out


def check(files: Mapping[str, str | Path], readers: Sequence[Reader], asked: Mapping) -> dict:
    """What becomes of rows that are too long: {"too_long": {split: Decided}, "warnings": [texts]}.

    files: the rows of each split. readers: the models that read the data set, the base first; all
    that is trained reads as the base does. asked: {dataset, prompt: {template, chat}, max_length,
    max_new_tokens, labels of which the likeliest is taken, too_long: error | drop | cut; decoded
    and probed: {split: how many of its first rows, None for all}; trained: every max_length that
    models are trained with, but for those of models that leave out longer rows (dropping), refuse
    them (refusing) or part them (splitting); whole: whether they learn all of a row, see
    `tasks.learning`; compared: how choices are asked for, see `tasks.choices`; the last five where
    there are such}. Raises
    ValueError for labels that can't be compared, and for rows that models could not read, unless
    `too_long` says what becomes of them.
    """
    for reader in readers:
        _check_labels(reader, asked)
    too_long, warnings = {}, []
    for split, path in files.items():
        alone = split not in asked["decoded"] and split not in asked["probed"]
        measured = [
            Measured(reader, *measure(read_rows(path), asked["prompt"], reader.tokenizer))
            for reader in (readers[:1] if alone else readers)
        ]
        if split in ("train", "dev"):
            warnings += learnt_lengths.trained(split, path, measured[0], asked)
        warnings += _probed(split, path, measured, asked)
        if split in asked["decoded"]:
            decided = _decoded(split, path, measured, asked)
            too_long |= {split: decided} if decided else {}
            warnings += _told(split, decided, len(measured[0].prompts), asked)
            for one in measured:
                warnings += _beyond(split, path, one, asked)
    return {"too_long": too_long, "warnings": warnings}


def readable(rows: Iterable[Row], file: str | Path, split: str) -> Iterator[Row]:
    """The rows of a split that are decoded, as `check` decided. file: what it returned, as JSON."""
    decided = json.loads(Path(file).read_text(encoding="utf-8"))["too_long"].get(split, {})
    for row in rows:
        if row["id"] not in decided:
            yield row
        elif (kept := decided[row["id"]]) is not None:
            yield _cut(row, kept)


def _check_labels(reader: Reader, asked: Mapping) -> None:
    """ValueError for a label whose tokens begin another: it would be likelier whatever is asked."""
    labels, template = asked.get("labels", ()), asked["prompt"]["template"]
    found = prompts.answer_ids(reader.tokenizer, labels, template) if labels else ()
    tokens = dict(zip(labels, found, strict=True))
    for (one, ids), (other, more) in permutations(tokens.items(), 2):
        if ids == more[: len(ids)]:
            raise ValueError(
                f"{asked['dataset']}: labels: to {reader.name}, label {shown(one)} is the "
                f"beginning of {shown(other)} ({len(ids)} of {len(more)} tokens), so that it is "
                "the likelier one whatever is asked; reword one, or set answer: generate in the "
                "task"
            )


def _probed(
    split: str, path: str | Path, measured: Sequence[Measured], asked: Mapping
) -> Iterator[str]:
    """Warnings of what is not looked at inside models."""
    if split not in asked["probed"]:
        return
    first, most = asked["probed"][split], asked["max_length"]
    for found in measured:
        lengths = found.prompts[:first], (found.prompts + found.targets)[:first] - 1
        out = lengths[0] >= most
        where = f"{asked['dataset']}: {split}"
        read = np.where(out, 0, np.minimum(lengths[1], most))
        check_positions(where, path, found.reader, read, f"generation: max_length is {most}")
        cut = ~out & (lengths[1] > most)
        if out.any() or cut.any():
            yield (
                f"{where}: with max_length {most} of generation, {out.sum()} of {len(out)} rows "
                f"are not looked at inside {found.reader.name} (their prompts are longer), and "
                f"{cut.sum()} references are cut"
            )


def _decoded(split: str, path: str | Path, measured: Sequence[Measured], asked: Mapping) -> Decided:
    """The rows whose prompts some model cannot read, and what becomes of them."""
    first, found = asked["decoded"][split], {}
    for one in measured:
        prompts_, rooms = _sizes(one.reader, islice(read_rows(path), first), one.prompts, asked)
        for at in np.flatnonzero(prompts_[:first] > rooms[:first]).tolist():
            found.setdefault(at, (_who(one.reader, asked), int(prompts_[at]), int(rooms[at])))
    rows = dict(zip(sorted(found), rows_at(path, sorted(found)), strict=True))
    if found and asked["too_long"] == "error":
        raise ValueError(_refusal(split, {r["id"]: found[at] for at, r in rows.items()}, asked))
    if asked["too_long"] != "cut":
        return dict.fromkeys(row["id"] for row in rows.values())
    readers = [one.reader for one in measured]
    return {row["id"]: _kept(row, readers, asked) for row in rows.values()}


def _sizes(
    reader: Reader, rows: Iterable[Row], written: np.ndarray, asked: Mapping
) -> tuple[np.ndarray, np.ndarray]:
    """(tokens of each prompt, most that leave room for its answer). written: tokens of prompts that
    an answer is written behind."""
    if "compared" not in asked:
        return written, np.full(len(written), room(reader, asked))
    prompts_, answers = array("i"), array("i")
    for pairs in choices.encode(rows, asked["compared"], reader.tokenizer):
        prompts_.append(max(len(read) for read, _ in pairs))
        answers.append(max(len(read) + len(counted) for read, counted in pairs) - prompts_[-1])
    most = np.full(len(prompts_), asked["max_length"] - 1)
    if reader.positions is not None:  # the last token is only predicted, never read
        most = np.minimum(most, reader.positions + 1 - np.array(answers, np.int64))
    return np.array(prompts_, np.int64), most


def _beyond(split: str, path: str | Path, one: Measured, asked: Mapping) -> Iterator[str]:
    """A warning of prompts that are longer than a model is made for, though it can read them."""
    reader, first = one.reader, asked["decoded"][split]
    if reader.made_for is None or asked["max_length"] <= reader.made_for:
        return
    prompts_, _ = _sizes(reader, islice(read_rows(path), first), one.prompts, asked)
    prompts_ = prompts_[:first][prompts_[:first] < asked["max_length"]]
    if long := int((prompts_ > reader.made_for).sum()):
        yield (
            f"{asked['dataset']}: {split}: {long} of {len(prompts_)} prompts have more tokens, up "
            f"to {prompts_.max():,}, than {reader.name} is made for: {reader.made_for:,} positions "
            "by its config.json. What it answers behind them means little; generation: max_length: "
            f"{reader.made_for} finds such rows, and too_long says what becomes of them"
        )


def _who(reader: Reader, asked: Mapping) -> str:
    """A model, with its positions where prompts and choices must fit in them."""
    if "compared" not in asked or reader.positions is None:
        return reader.name
    return f"{reader.name} with its {reader.positions:,} positions"


def room(reader: Reader, asked: Mapping) -> int:
    """Most tokens of a prompt that leave room for an answer that is written."""
    most, new = asked["max_length"] - 1, asked["max_new_tokens"]
    if reader.positions is not None and reader.positions <= new:
        raise ValueError(
            f"generation: max_new_tokens is {new}, but {reader.name} has {reader.positions} "
            "positions for prompt and answer together; lower it"
        )
    return most if reader.positions is None else min(most, reader.positions - new)


def _refusal(split: str, found: Mapping[str, tuple[str, int, int]], asked: Mapping) -> str:
    examples = "; ".join(
        f"row {id_}: {tokens:,} tokens for {name}, where at most {most:,} fit"
        for id_, (name, tokens, most) in list(found.items())[:3]
    )
    compared = asked.get("compared")
    answer = "" if compared else f" and max_new_tokens {asked['max_new_tokens']}"
    fewer = "show fewer examples (shots), " if "shots" in (compared or ()) else ""
    return (
        f"{asked['dataset']}: {split}: {len(found)} prompts are too long ({examples}; generation "
        f"has max_length {asked['max_length']}{answer}). Raise max_length, {fewer}shorten the "
        "rows, or say under generation what becomes of them: `too_long: drop` leaves them out for "
        "all models, `too_long: cut` cuts their sources"
    )


def _told(split: str, decided: Decided, total: int, asked: Mapping) -> list[str]:
    if not decided:
        return []
    done = "left out" if asked["too_long"] == "drop" else "decoded with a cut source"
    if asked["too_long"] == "drop" and len(decided) == total:
        raise ValueError(
            f"{asked['dataset']}: {split}: all {total} prompts are too long, none is left; raise "
            f"generation.max_length, which is {asked['max_length']}"
        )
    ids = ", ".join(list(decided)[:5]) + (" and more" if len(decided) > 5 else "")
    return [
        f"{asked['dataset']}: {split}: {done}, since their prompts are too long for a model: "
        f"{len(decided)} of {total} rows ({ids})"
    ]


def _cut(row: Row, letters: int) -> Row:
    return {**row, "source": row["source"][:letters].rstrip()}


def _kept(row: Row, readers: Sequence[Reader], asked: Mapping) -> int:
    """Letters of a source with which its prompt fits every model; found by halving.

    A word is not cut where there is white space before it.
    """

    def fits(letters: int) -> bool:
        return all(_fits(reader, _cut(row, letters), asked) for reader in readers)

    low, high = 0, len(row["source"])
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    if words := re.match(r"(?s).*\S(?=\s)", row["source"][: low + 1]):
        low = words.end()
    if not row["source"][:low].strip():
        raise ValueError(
            f"{asked['dataset']}: row {row['id']}: its prompt is too long even without a source; "
            "raise generation.max_length, or shorten the task's prompt"
        )
    return low


def _fits(reader: Reader, row: Row, asked: Mapping) -> bool:
    written, _ = measure([row], asked["prompt"], reader.tokenizer)
    tokens, most = _sizes(reader, [row], written, asked)
    return bool(tokens[0] <= most[0])
