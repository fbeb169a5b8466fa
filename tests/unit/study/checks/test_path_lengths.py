"""Names have room in the paths that are made of them, or the study is refused."""

import pytest
from small_studies import changed, made, shipped

from babelmerge.study.checks import path_lengths
from babelmerge.study.grammar.study import StudyError
from babelmerge.study.graph import report


def long(size: int) -> str:
    return "".join(f"{number:03}" for number in range(90))[:size]


def grouped(name: str):
    return made(changed("many-to-one:", f"{name}:"))


def longest() -> int:
    """The longest name of a group that is accepted."""
    fitting = [n for n in range(150, 250) if not refusal(grouped(long(n)))]
    assert fitting == list(range(150, fitting[-1] + 1))
    return fitting[-1]


def refusal(plan) -> str:
    try:
        path_lengths.check(plan)
    except StudyError as error:
        return str(error)
    return ""


def test_the_limit_is_what_the_longest_path_needs():
    plan = grouped(long(longest()))
    needed = max(len(part) for path in path_lengths.made(plan) for part in path.split("/"))
    assert needed + path_lengths.FILE == path_lengths.MOST_BYTES


def test_a_long_name_is_named_with_its_key_and_by_how_much():
    told = refusal(grouped(long(250)))
    assert "made.yaml: groups.000" in told and "at most 255 bytes" in told
    assert "Shorten it by" in told
    assert not refusal(grouped("हि" * 18)) and "groups" in refusal(grouped("हिन्दी " * 13 + "x"))


@pytest.mark.parametrize("name", ["translation-mini", "inspect"])
def test_every_file_of_a_plan_lies_in_its_folder(name):
    plan = shipped(name)
    files = set(path_lengths.made(plan))
    assert set(report.inputs(plan)) < files and len(files) > 20
    assert all(file.startswith(f"results/{name}/") for file in files)
    path_lengths.check(plan)


def test_a_model_leaves_room_for_the_folder_that_it_is_written_in():
    label = f"m{long(180)}"
    text = changed("ties: {density", f"{label}: {{method: ties, density")
    assert f"methods.{label}" in refusal(made(text))
