"""What models agree on with those who use them: chat template, end tokens, generation defaults.

A merge has its base's, and its experts may have been tuned to others: told before merging, and of
one expert they can be taken. Reads small files; no torch.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from babelmerge.files import directories
from babelmerge.files.directories import read_json, write_json
from babelmerge.models.dialect import templates, tokenizers
from babelmerge.models.dialect.tokenizers import CONFIG, MAP
from babelmerge.words.showing import shown

GENERATION = "generation_config.json"
MODEL = "config.json"
END, ENDS = "eos_token", "eos_token_id"
# Notes of whoever saved it, what changes no text, and what is compared as end tokens.
NOTES = ("transformers_version", "_from_model_config", "use_cache", "return_dict_in_generate", ENDS)
OUTPUTS = "output_"  # starts what is returned beside a text
# Of these, what config.json has too.
MARKS = ("bos_token_id", "pad_token_id", "decoder_start_token_id", "forced_bos_token_id")
# What config.json had of generation before there was another file for it, and has where that is
# missing -> what counts where neither says anything.
UNSAID = {
    "max_length": 20,
    "min_length": 0,
    "do_sample": False,
    "early_stopping": False,
    "num_beams": 1,
    "num_beam_groups": 1,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "diversity_penalty": 0.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "num_return_sequences": 1,
    "remove_invalid_values": False,
    "renormalize_logits": False,
}
SPOKEN = (
    *MARKS,
    *UNSAID,
    *("max_new_tokens", "min_new_tokens", "min_p", "penalty_alpha", "bad_words_ids"),
    *("forced_eos_token_id", "suppress_tokens", "begin_suppress_tokens", "stop_strings"),
    *("exponential_decay_length_penalty", "sequence_bias", "guidance_scale"),
)
DECODERS = ("decoder", "generator", "text_config")  # parts of config.json that may have them
# Keys of both whose values are the ids of tokens, in lists and parts too.
IDS = re.compile(r"token_ids?$|token_index$|^(begin_)?suppress_tokens$|^bad_words_ids$")
NOTHING = "nothing"
LONG = 40  # characters of a value in a message


class Conventions(NamedTuple):
    """templates: by name. end: the tokenizer's; ends: ids at which decoding stops."""

    templates: Mapping[str, str]
    end: str | None
    ends: tuple[int, ...]
    generation: Mapping[str, Any]


def read(folder: str | Path) -> Conventions:
    """Those of a model's folder; what it has no word on is empty."""
    folder = Path(folder)
    config = tokenizers.settings(folder)
    generation, model = _json(folder / GENERATION), _spoken(_json(folder / MODEL))
    alone = SPOKEN if not (folder / GENERATION).is_file() else MARKS
    ends = generation.get(ENDS, model.get(ENDS))
    ends = ends if isinstance(ends, list) else [] if ends is None else [ends]
    if odd := [one for one in ends if type(one) is not int]:
        raise ValueError(
            f"{folder}: {ENDS} in {GENERATION} or config.json holds {shown(odd[0])}; expected the "
            "number of a token, or a list of them"
        )
    return Conventions(
        templates.read(folder, config),
        tokenizers.name_of(config.get(END)) or None,
        tuple(ends),
        dict(_defaults({**{key: model.get(key) for key in alone}, **generation})),
    )


def _spoken(model: Mapping[str, Any]) -> dict[str, Any]:
    """What a config.json says of generation, itself or, where it does not, for its decoder."""
    part = next((part for key in DECODERS if (part := model.get(key))), None)
    said = (part if isinstance(part, Mapping) else {}, model)
    keys = (*SPOKEN, ENDS)
    return {key: one[key] for one in said for key in keys if one.get(key) is not None}


def _defaults(generation: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What of a generation_config.json changes texts."""
    for key, value in generation.items():
        if key not in NOTES and not key.startswith(OUTPUTS) and value is not None:
            yield key, value


def said(folders: Mapping[str, str | Path], taken: str | None = None) -> list[str]:
    """How the experts' conventions differ from the base's (the first), in sentences without an end.

    What an expert has no word on is no difference. taken: the expert whose conventions are taken.
    """
    (_, ours), *others = ((label, read(folder)) for label, folder in folders.items())
    found: dict[str, list[str]] = {}
    for label, theirs in others:
        for one in _differences(ours, theirs):
            found.setdefault(one, []).append(label)
    told = [f"{' and '.join(labels)}: {one}" for one, labels in found.items()]
    if taken:
        return [*told, f"chat template, end tokens and generation defaults are those of {taken}"]
    whose = next(iter(found.values()), [""])[0]
    remedy = f"the merge has the base's; chat_template: {whose} (--chat-template {whose}) takes its"
    return [*told, remedy] if told else []


def take(source: str | Path, directory: Path, number: Callable[[int], int]) -> None:
    """Put the conventions of another model's folder in place of those that lie in a directory.

    What an adapter's folder has nothing on stays, as it is its base's; a model's own is nothing
    then. number: the id that a token of the source has in the result.
    """
    theirs, source = read(source), Path(source)
    whole, config = (source / MODEL).is_file(), tokenizers.settings(directory)
    if whole or theirs.templates:
        config.pop(templates.KEY, None)
        directories.refuse_links(source)
        templates.put(directory, theirs.templates)
    if theirs.end is not None:
        config[END] = tokenizers.settings(source)[END]
        _restate(directory / MAP, {END: config[END]})
    write_json(directory / CONFIG, config)
    if (source / GENERATION).is_file():
        write_json(directory / GENERATION, _numbered(read_json(source / GENERATION), number))
    elif whole:
        (directory / GENERATION).unlink(missing_ok=True)
    ends = list(map(number, theirs.ends))
    said = {ENDS: ends[0] if len(ends) == 1 else ends} if ends else {}
    own = _spoken(_json(source / MODEL))
    gone = {*SPOKEN} - {*MARKS} if whole else ()
    _restate(directory / MODEL, {**_numbered(own, number), **said}, gone)


def common_template(folders: Iterable[str | Path]) -> str | None:
    """The chat template that most of some models have, of as many the first's; None for none."""
    every = dict.fromkeys(Path(folder).resolve() for folder in folders)
    found = [
        one.strip() for folder in every if (one := read(folder).templates.get(templates.DEFAULT))
    ]
    return max(found, key=found.count) if found else None


def write_template(directory: Path, text: str) -> None:
    """Give the tokenizer that lies in a directory another default chat template; none, nothing."""
    if not (directory / CONFIG).is_file():
        return
    config = tokenizers.settings(directory)
    templates.put(directory, {**templates.read(directory, config), templates.DEFAULT: text})
    if config.pop(templates.KEY, None) is not None:
        write_json(directory / CONFIG, config)


def renumber(directory: Path, number: Callable[[int], int]) -> None:
    """Write the ids that tokens have in a result into the configs that lie in its directory.

    number: the id that a token of these configs has in the result.
    """
    for path in (directory / MODEL, directory / GENERATION):
        if path.is_file() and (said := read_json(path)) != (new := _numbered(said, number)):
            write_json(path, new)


def check(source: str | Path, number: Callable[[int], int]) -> None:
    """ValueError where `take` would meet a link to elsewhere, or a token that is not there."""
    source = Path(source)
    directories.refuse_links(source)
    for one in read(source).ends:
        number(one)
    _numbered(_spoken(_json(source / MODEL)), number)
    _numbered(_json(source / GENERATION), number)


def check_ids(folder: str | Path, number: Callable[[int], int]) -> None:
    """ValueError where `renumber` of a model's configs would."""
    for name in (MODEL, GENERATION):
        _numbered(_json(Path(folder) / name), number)


def _differences(ours: Conventions, theirs: Conventions) -> Iterator[str]:
    for name, text in theirs.templates.items():
        of_name = "" if name == templates.DEFAULT else f" for {name}"
        if name not in ours.templates:
            yield f"has a chat template{of_name}, the base none"
        elif not templates.are_one(ours.templates[name], text):
            yield f"has another chat template{of_name}"
    if theirs.end is not None and theirs.end != ours.end:
        yield f"ends with {theirs.end!r}, the base with {ours.end!r}"
    if theirs.ends and set(theirs.ends) != set(ours.ends):
        yield f"stops at {_listed(theirs.ends)}, the base at {_listed(ours.ends)}"
    whole = {**UNSAID, **ours.generation}
    unlike = [key for key, v in theirs.generation.items() if whole.get(key) != v]
    if unlike:
        pairs = ", ".join(
            f"{key} {_shown(theirs.generation[key])} for {_shown(ours.generation.get(key))}"
            for key in unlike
        )
        yield f"has generation defaults of its own ({pairs})"


def _json(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _numbered(config: Mapping[str, Any], number: Callable[[int], int]) -> dict[str, Any]:
    """A config with the ids of other tokens, in its parts too."""

    def new(value: Any) -> Any:
        if isinstance(value, list):
            return [new(one) for one in value]
        return number(value) if type(value) is int else value

    parts = {k: _numbered(v, number) for k, v in config.items() if isinstance(v, Mapping)}
    return {k: new(v) if IDS.search(k) else v for k, v in config.items()} | parts


def _restate(path: Path, values: Mapping[str, Any], gone: Collection[str] = ()) -> None:
    """Put values into a file, and take keys out of it. A part of it has no say on either."""
    if not path.is_file():
        return
    old = read_json(path)
    new = {key: value for key, value in old.items() if key not in gone} | values
    if new != old:
        write_json(path, new)


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, sorted(ids))) or NOTHING


def _shown(value: Any) -> str:
    text = NOTHING if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"
