"""What the models of a study file have in common: strict mappings, described keys, field types.

Imports pydantic only. Numbers are finite, and whole ones are such as seeds can be.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from babelmerge.words import path_names
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

Text = Annotated[str, Field(min_length=1)]
LARGEST = 2**32 - 1  # seed of numpy's generators
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Whole = Annotated[int, Field(ge=0, le=LARGEST)]
Share = Annotated[float, Field(gt=0, le=1)]
Directions = Literal["both-directions", "to-pivot", "from-pivot"]


def form(value: Any) -> str:
    """Tag of a union's member by the value's form, so that only that member's errors are told."""
    return "<list>" if isinstance(value, list) else "<one>"


def form_or_mapping(value: Any) -> str:
    """As `form`, for unions that hold a mapping too."""
    return "<mapping>" if isinstance(value, dict) else form(value)


def _path_name(value: str) -> str:
    """A name that may be part of a path."""
    if mistake := path_names.mistake(value):
        raise wrong(f"name {shown(value)}, which {mistake}", path_names.EXPECTED, path_names.REMEDY)
    return value


Code = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$"), AfterValidator(_path_name)]
Name = Annotated[
    str,
    AfterValidator(_path_name),
    WithJsonSchema({"type": "string", "pattern": path_names.PATTERN}),
]
Listed = Annotated[list[Text], Tag("<list>")]
OneOrMore = Annotated[Annotated[Text, Tag("<one>")] | Listed, Discriminator(form)]
Units = Annotated[Annotated[Directions, Tag("<one>")] | Listed, Discriminator(form)]


def key(text: str, default: Any = None, **limits: Any) -> Any:
    """A described key; `...` as default makes it required."""
    if "default_factory" not in limits:
        limits["default"] = default
    return Field(description=text, **limits)


class Strict(BaseModel):
    """A mapping whose unknown keys are errors that name the nearest valid key."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        valid = [f.alias or name for name, f in cls.model_fields.items()]
        unknown = [k for k in data if k not in valid] if isinstance(data, dict) else []
        if unknown:
            context = {"words": unknown, "expected": f"one of {listed(valid)}", "valid": valid}
            raise PydanticCustomError("unknown_key", "unknown keys", context)
        return data


def wrong(found: str, expected: str, remedy: str = "") -> PydanticCustomError:
    """An error of a whole mapping, for validators."""
    context = {"word": found, "expected": expected, "remedy": remedy}
    return PydanticCustomError("wrong_mapping", "{word}", context)
