"""Fill placeholders of a study file: {unit}, {language}, {source_name}, {flores}, …

Pure functions of a `Study`; the values a unit (a language pair or a language) has are listed by
`values`, so that a wrong placeholder is an error that names the right ones.
"""

import re
from collections.abc import Mapping

from babelmerge.study.grammar.study import Study
from babelmerge.words import languages as known
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def codes(study: Study) -> dict[str, dict[str, str]]:
    """Codes that data sets have for languages: FLORES' and the study's own."""
    own = {name: dict(table) for name, table in study.codes.items()}
    derived = {code: known.flores(code) for code in study.languages}
    flores = {code: value for code, value in derived.items() if value}
    return {**own, "flores": {**flores, **own.get("flores", {})}}


def other_side(study: Study, source: str, target: str) -> str:
    """The language a unit is about: the side of a pair that is not the pivot."""
    return target if source == study.pivot else source


def values(study: Study, task: str, source: str, target: str) -> dict[str, str]:
    """What placeholders stand for in one unit; `source` and `target` are equal if monolingual."""
    language = other_side(study, source, target)
    unit = source if source == target else f"{source}-{target}"
    found = {"task": task, "unit": unit, "pivot": study.pivot}
    for prefix, code in (("", language), ("source_", source), ("target_", target)):
        name = study.language_name(code)
        found[f"{prefix}language" if not prefix else prefix[:-1]] = code
        found[f"{prefix}name" if prefix else "language_name"] = name
        for label, table in codes(study).items():
            if code in table:
                found[f"{prefix}{label}"] = table[code]
    return found


def language_values(study: Study, task: str, code: str) -> dict[str, str]:
    """What placeholders stand for on one side of a pair."""
    return values(study, task, code, code)


def fill(study: Study, text: str, names: Mapping[str, str], *loc: str | int) -> str:
    """Replace placeholders. Raises StudyError at `loc` for one that has no value."""

    def value(match: re.Match[str]) -> str:
        if match[1] in names:
            return names[match[1]]
        word = match[1].removeprefix("source_").removeprefix("target_")
        if word in codes(study):
            language = names.get("language", names["unit"])
            remedy = f"Give the language's code: codes: {{{word}: {{{language}: …}}}}."
        else:
            remedy = nearest(match[1], names)
        expected = f"one of {listed('{' + n + '}' for n in names)}"
        found = f"{match[0]} in {shown(text)} (unit {names['unit']})"
        raise study.error(*loc, found=found, expected=expected, remedy=remedy)

    return _PLACEHOLDER.sub(value, text)
