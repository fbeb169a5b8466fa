"""Repositories on the hub as keys of a study: names that huggingface_hub would refuse are refused.

A placeholder stands for letters here; what it was filled with is looked up before the study runs.
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from babelmerge.models.hub import names
from babelmerge.words.showing import shown
from babelmerge.words.strict import Text, wrong

_PLACEHOLDER = re.compile(r"\{\w+\}")
_FOLDER = ("/", "./", "../", "~")


def _filled(value: str) -> str:
    return _PLACEHOLDER.sub("x", value)


def _model(value: str) -> str:
    if mistake := names.mistake(_filled(value)):
        found = f"{shown(value)}, which {mistake}"
        raise wrong(found, names.EXPECTED, names.remedy(value))
    return value


def _data_set(value: str) -> str:
    mistake = names.mistake(_filled(value))
    if mistake and not _elsewhere(value):
        found = f"{shown(value)}, which {mistake}"
        raise wrong(found, names.EXPECTED_DATA, names.remedy(value))
    return value


def _elsewhere(value: str) -> bool:
    """Whether rows are taken from what is no repository: files by address, or a folder."""
    if value.startswith(("hf://", *_FOLDER)) or Path(value).is_dir():
        return True
    return "/" in value and "://" not in value and value != _filled(value)  # a folder, once filled


Repository = Annotated[Text, AfterValidator(_model)]
DataRepository = Annotated[Text, AfterValidator(_data_set)]
