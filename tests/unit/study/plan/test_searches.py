"""Searches beside grids: a merge of its own, what its job is asked, and what is refused."""

import pytest
from small_studies import SMALL, changed, made

from babelmerge.study.grammar.yaml import StudyError
from babelmerge.study.graph import merge, score_chapters
from babelmerge.study.graph.beside import searches

GROUP, FOUND = "many-to-one", "ties-search"
GRID = "ties: {density: [0.4, 0.8], weight: [0.3, 0.5]}"
SEARCH = changed("weight: [0.3, 0.5]}", "weight: [0.3, 0.5], search: {points: 20}}")


def test_a_search_is_a_merge_beside_the_best_of_its_grid_and_starts_from_it():
    plain, plan = made(SMALL), made(SEARCH)
    grid, found = plan.merges_of(GROUP)
    assert grid == plain.merges["merges/many-to-one/ties"]
    assert (found.method, found.algorithm, found.grid) == (FOUND, "ties", grid.grid)
    assert found.search == {"start": "ties", "points": 20, "by": "expert"}
    told = merge.sweep_settings(plain, GROUP, "ties")
    assert merge.sweep_settings(plan, GROUP, "ties") == told
    search = {"seed": 0, "points": 20, "by": "expert"}
    assert merge.search_settings(plan, GROUP, FOUND) == {**told, "search": search}
    (table,) = merge.search_inputs(plan, GROUP, FOUND)["sweep"]
    assert table.endswith("/sweeps/many-to-one/ties.tsv")
    (table,) = merge.sweeps(plan, GROUP, FOUND)
    assert table.endswith("/searches/many-to-one/ties-search.tsv")
    assert not plan.warnings


def test_a_table_and_the_chapter_on_merges_tell_of_searches_where_there_are_some():
    plan = made(SEARCH)
    (case,) = searches.settings(plan)["cases"]
    files = case["files"]["translation/hi-en"]
    assert files["grid"].endswith("/many-to-one/ties/translation/hi-en.sentences.tsv")
    assert files["search"].endswith("/ties-search/translation/hi-en.sentences.tsv")
    chapter, plain = score_chapters.merges(plan), score_chapters.merges(made(SMALL))
    assert ("search", GROUP, FOUND) in chapter.long and ("searches",) in chapter.tables
    assert ("sweep", GROUP, FOUND) not in chapter.long
    assert "searched_by" not in plain.study and ("searches",) not in plain.tables


def test_a_search_from_one_point_needs_no_sweep_and_bands_are_told_where_they_count():
    plan = made(changed(GRID, "ties: {density: 0.4, search: {points: 30, by: layer-band}}"))
    assert merge.search_inputs(plan, GROUP, FOUND)["sweep"] == []
    assert plan.merges["merges/many-to-one/ties-search"].search["bands"] == 4
    assert list(plan.sweeps) == ["merges/many-to-one/ties-search"]


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ("5", "methods: found ties.search: 5; expected a mapping"),
        ("{point: 9}", "unknown key 'point'.*Did you mean 'points'"),
        ("{}", "ties.search: no points"),
        ("{points: 9, by: layer}", "ties.search.by: 'layer'.*'layer-band'"),
        ("{points: 9, rows: 1}", "ties.search.rows: 1"),
        ("{points: 7}", "methods.ties.search.points: found 7 points for 2 coeff.*at least 8"),
        ("{points: 10, by: module}", "10 points for 6 .*at least 11"),
    ],
)
def test_what_a_search_may_be_told(search, message):
    with pytest.raises(StudyError, match=message):
        made(changed("weight: [0.3, 0.5]}", f"weight: [0.3, 0.5], search: {search}}}"))


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ("sce: {SEARCH}", "methods.sce.search: found sce, which has no weight"),
        ("linear: {weight: {layers: [0, 1]}, SEARCH}", "a start with weight .*one number"),
        ("linear: {backend: mergekit, SEARCH}", "forms no merge in memory"),
        ("linear: {SEARCH}\n  linear-search: {method: linear}", "as what the search of linear"),
    ],
)
def test_searches_that_cannot_start_are_refused_before_any_work(methods, message):
    with pytest.raises(StudyError, match=message):
        made(changed(GRID, methods.replace("SEARCH", "search: {points: 20}")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    dev: {corpus: made, size: 10}\n", "", "a sweep of ties.*no dataset with dev"),
        ("dev: {corpus: made, size: 10}", "dev: {corpus: made, size: 1}", "one row of dev of"),
        ("methods:", "selection: {rows: 1}\nmethods:", "one row of dev"),
    ],
)
def test_a_search_needs_rows_for_two_halves(old, new, message):
    assert old in SEARCH
    with pytest.raises(StudyError, match=message):
        made(SEARCH.replace(old, new))
