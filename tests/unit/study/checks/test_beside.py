"""Studies beside each other: what they have in common, which files are read, what is refused."""

import pytest
from small_studies import SMALL, changed, error_of, shipped

from babelmerge.study import reading
from babelmerge.study.grammar import study as grammar
from babelmerge.study.grammar.methods import PRESETS
from babelmerge.study.graph import ablations, across, studies
from babelmerge.study.plan import expand as planning

BESIDE = "\nbeside: [first]\n"


@pytest.fixture
def write(tmp_path):
    def written(name: str, text: str) -> str:
        path = tmp_path / f"{name}.yaml"
        path.write_text(text)
        return str(path)

    return written


@pytest.fixture
def pair(write, tmp_path, monkeypatch):
    """Paths of a study and of one that is set beside it, whose text is made of the first's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models/base").mkdir(parents=True)
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "models/base" / name).touch()

    def files(second: str, first: str = SMALL) -> list[str]:
        return [write("first", first), write("second", second + BESIDE)]

    return files


def second(files):
    return planning.expand(grammar.load(files[1]))


def test_a_smaller_base_stands_beside_the_study_that_it_extends():
    plan = shipped("adapters-3b")
    told = studies.settings(plan)
    assert list(told["studies"].values()) == ["Llama-3.2-3B-Instruct", "Llama-3.1-8B-Instruct"]
    assert list(told["directions"]) == ["sentiment-xx", "summarization-xx"]
    assert list(told["lacking"]["directions"]) == ["reasoning-xx"]
    facts = told["directions"]["sentiment-xx"]
    modern = len(PRESETS["modern-adapters"])
    assert facts["whole"] and facts["metric"] == "f1"
    assert len(facts["lines"]) == 3 + 12 + modern + 3
    assert {name for _, name, _ in facts["lacking"]} == {"multitask-all", "multitask-each"}


def test_inputs_are_the_long_tables_of_both_studies():
    names = ("sentiment-xx", "summarization-xx")
    assert studies.inputs(shipped("adapters-3b")) == [
        f"results/{study}/comparisons/groups/{name}.tsv"
        for study in ("adapters-3b", "adapters")
        for name in names
    ]


def test_the_chapter_has_table_and_figure_where_a_study_is_beside_another_and_only_there():
    made = ablations.chapter(shipped("adapters-3b"))
    assert ("studies",) in made.tables and ("studies",) in made.figures
    made = ablations.chapter(shipped("adapters"))
    assert ("studies",) not in made.tables and not made.figures
    assert ablations.chapter(shipped("translation-mini")).tables.keys().isdisjoint([("studies",)])


def test_merges_across_tasks_are_in_one_table_of_their_tasks():
    told = across.settings(shipped("adapters"))
    assert list(told) == ["sentiment-xx", "reasoning-xx", "summarization-xx"]
    assert told["reasoning-xx"]["joint"] == "joint/reasoning"
    assert len(across.inputs(shipped("adapters"))) == 3
    assert not across.settings(shipped("translation-mini"))
    assert not across.names(shipped("translation"))


def test_equal_bases_are_told_apart_by_their_studies(pair):
    assert studies.titles(second(pair(SMALL))) == {
        "second": "base (second)",
        "first": "base (first)",
    }


def test_a_study_beside_itself_has_everything_in_common(pair):
    (facts,) = studies.settings(second(pair(SMALL)))["directions"].values()
    assert not facts["lacking"] and facts["whole"]


def test_other_grids_members_rows_and_languages_are_not_compared(pair):
    def facts(text):
        return studies.settings(second(pair(text)))

    (other,) = facts(changed("[0.4, 0.8]", "[0.4]"))["directions"].values()
    assert other["lacking"] == [["merge", "many-to-one", "ties"]]
    (fewer,) = facts(changed("[hi-en, bn-en]", "[hi-en, en-hi]"))["directions"].values()
    assert fewer["datasets"] == ["translation/hi-en"] and not fewer["whole"]
    assert not facts(changed("test: {corpus: made, size: 20}", "test: {corpus: made, size: 30}"))[
        "directions"
    ]


def refusal(files) -> str:
    with pytest.raises(ValueError) as caught:
        reading.read_all(files, ".")
    return str(caught.value)


def test_a_study_that_nobody_builds_is_refused_with_the_remedy(pair, tmp_path):
    files = pair(SMALL)
    assert len(reading.read_all(files, ".")) == 2
    told = refusal(files[1:])
    assert told.startswith(f"{files[1]}: beside: found 'first'")
    assert f"./babelmerge run {files[0]} {files[1]}" in told
    for path in studies.files(second(files), second(files).others[0]):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert len(reading.read_all(files[1:], ".")) == 1


def test_a_study_with_which_nothing_is_in_common_is_refused(pair):
    files = pair(changed("test: {corpus: made, size: 20}", "test: {corpus: made, size: 30}"))
    assert "nothing is in common" in refusal(files)


def test_a_study_of_the_same_name_elsewhere_is_refused(pair, tmp_path):
    files = pair(SMALL)
    (tmp_path / "other").mkdir()
    elsewhere = tmp_path / "other" / "first.yaml"
    elsewhere.write_text(SMALL)
    assert "Rename one file" in refusal([str(elsewhere), files[1]])


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("frst", "beside: found 'frst'"),
        ("[first, first]", "'first' twice"),
        ("second", "which is this study"),
    ],
)
def test_other_mistakes_name_the_key(pair, write, named, told):
    pair(SMALL)
    message = error_of(write("second", f"{SMALL}\nbeside: {named}\n"))
    assert "second.yaml: beside: " in message and told in message
