"""Which scripts an edit of a module concerns: exactly those that can run it.

Found by reading the project, not by the code under test.
"""

import shutil

import pytest
from places import SCRIPTS

from babelmerge.files import fingerprints

REACH = {
    "data/overlap.py": {"prepare_data", "check_data"},
    "vocabularies/learning.py": {"train_tokenizer"},
    "vocabularies/texts.py": {"trim_base"},
    "training/schedules.py": {"train_model"},
    "analysis/scores/retention.py": {"compare_retention", "compare_learning"},
    "evaluation/sweeps/figures.py": {"plot_sweeps", "chapter_experts", "chapter_merges"},
    "evaluation/baselines.py": {"score_trivial"},
    "evaluation/bertscore/scoring.py": {"score"},
    "evaluation/bertscore/encoders.py": {"score", "fetch_encoder"},
    "analysis/neurons/chapter.py": {"chapter_neurons"},
    "analysis/task_vectors/projection.py": {"plot_kept", "table_kept", "chapter_task_vectors"},
    "report/report.py": {"report"},
    "report/report.html.j2": {"report"},
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reach") / "scripts"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def codes(folder):
    tree = fingerprints.Tree(folder, folder.parent / "code.json")
    found = {path.stem: tree.code(path) for path in folder.glob("*.py")}
    tree.save()
    return found


@pytest.fixture(scope="module")
def before(copy):
    return codes(copy)


@pytest.mark.parametrize("module", REACH)
def test_an_edit_concerns_the_scripts_that_can_run_it(copy, before, module):
    path = copy / "babelmerge" / module
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\nUNUSED = 1\n", encoding="utf-8")
    changed = {name for name, code in codes(copy).items() if code != before[name]}
    path.write_text(text, encoding="utf-8")
    assert changed - {"calling", "job", "warm"} == REACH[module]
