"""Every path once, and names in wildcards exactly as they are written."""

import re
import string

import pytest
from places import ROOT
from small_studies import shipped

from babelmerge.study.graph import paths

TEMPLATES = {k: v for k, v in vars(paths).items() if k.isupper() and isinstance(v, str)}


def test_no_path_is_written_twice():
    assert len(set(TEMPLATES.values())) == len(TEMPLATES)


def test_rules_and_graph_take_their_paths_from_here():
    files = [*(ROOT / "workflow" / "rules").glob("*.smk")]
    files += (ROOT / "workflow/scripts/babelmerge/study/graph").glob("*.py")
    for file in files:
        if file.name != "paths.py":
            quoted = re.findall(r'f?"(results/[^"]*)"', file.read_text(encoding="utf-8"))
            assert quoted == [], file


def test_templates_are_filled_by_name():
    plan = shipped("translation-mini")
    names = {"model": "base", "dataset": "translation/hi-en"}
    assert paths.of(plan, paths.SCORE, **names) == (
        "results/translation-mini/scores/base/translation/hi-en.json"
    )
    fields = {f for t in TEMPLATES.values() for _, f, _, _ in string.Formatter().parse(t) if f}
    for template in TEMPLATES.values():
        assert "{" not in paths.of(plan, template, **dict.fromkeys(fields - {"study"}, "x"))


@pytest.mark.parametrize("name", ["a.b", "en+fr", "a|b", "x-y@5", "(a)", "a[1]"])
def test_alternatives_match_these_names_alone(name):
    pattern = re.compile(paths.alternatives([name, f"{name}x"]))
    assert pattern.fullmatch(name) and pattern.fullmatch(f"{name}x")
    assert not pattern.fullmatch(name[:-1] + "_") and not pattern.fullmatch("")
    assert not re.fullmatch(paths.alternatives([]), "")
