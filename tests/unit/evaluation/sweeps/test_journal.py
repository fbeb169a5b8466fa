"""Laws of a sweep: every point once, nothing lost in a kill, ties to the first."""

import pytest

from babelmerge.evaluation.sweeps import journal as sweeps

GRID = [{"weight": w} for w in (0.1, 0.2, 0.3)]


class Evaluator:
    """Scores a point by its weight and remembers what it was asked for."""

    def __init__(self, fail_after=None):
        self.asked, self.fail_after = [], fail_after

    def __call__(self, points):
        for index, point in enumerate(points):
            if self.fail_after is not None and len(self.asked) >= self.fail_after:
                raise RuntimeError("killed")
            self.asked.append(point["weight"])
            yield index, {"t/a-b": 10 * point["weight"], "t/c-b": 0.0}, 0.5


def test_points_that_are_known_are_not_scored_again(tmp_path):
    journal = tmp_path / "j.jsonl"
    first = sweeps.run(GRID[:2], {}, "context", journal, Evaluator())
    more = Evaluator()
    second = sweeps.run(GRID, {}, "context", journal, more)
    assert more.asked == [0.3]
    assert second[:2] == first


def test_another_context_knows_nothing(tmp_path):
    sweeps.run(GRID, {}, "one", tmp_path / "j", Evaluator())
    other = Evaluator()
    sweeps.run(GRID, {}, "two", tmp_path / "j", other)
    assert other.asked == [0.1, 0.2, 0.3]


def test_a_killed_sweep_goes_on_at_the_next_point(tmp_path):
    journal = tmp_path / "j"
    with pytest.raises(RuntimeError):
        sweeps.run(GRID, {}, "c", journal, Evaluator(fail_after=2))
    with open(journal, "a") as stream:
        stream.write('{"key": "half')
    rest = Evaluator()
    resumed = sweeps.run(GRID, {}, "c", journal, rest)
    assert rest.asked == [0.3]
    assert resumed == sweeps.run(GRID, {}, "c", tmp_path / "undisturbed", Evaluator())
    again = Evaluator()
    sweeps.run(GRID, {}, "c", journal, again)
    assert again.asked == []


def test_an_alias_takes_over_the_score(tmp_path):
    evaluator = Evaluator()
    results = sweeps.run(GRID, {2: 0}, "c", tmp_path / "j", evaluator)
    assert evaluator.asked == [0.1, 0.2]
    assert results[2] == {"scores": results[0]["scores"], "seconds": 0.0, "alias_of": 0}


def test_table_marks_the_best_mean_and_the_first_of_equals(tmp_path):
    results = sweeps.run(GRID, {}, "c", tmp_path / "j", Evaluator())
    table = sweeps.table(GRID, results)
    assert list(table.columns) == ["weight", "t/a-b", "t/c-b", "mean", *sweeps.FACTS[1:]]
    assert table["selected"].tolist() == [False, False, True]
    assert table["mean"].tolist() == pytest.approx([0.5, 1.0, 1.5])
    assert sweeps.select([1.0, 2.0, 2.0]) == 1


def test_a_mean_that_is_no_number_is_an_error():
    with pytest.raises(ValueError, match="dev data"):
        sweeps.select([1.0, float("nan")])


def test_points_may_come_back_in_any_order(tmp_path):
    def backwards(points):
        yield from reversed(list(Evaluator()(points)))

    results = sweeps.run(GRID, {}, "c", tmp_path / "j", backwards)
    assert results == sweeps.run(GRID, {}, "c", tmp_path / "k", Evaluator())


def test_a_point_that_does_not_come_back_is_an_error(tmp_path):
    with pytest.raises(RuntimeError, match="1 of 3 points"):
        sweeps.run(GRID, {}, "c", tmp_path / "j", lambda points: list(Evaluator()(points))[:2])


def test_wherever_a_kill_cuts_a_line_the_rest_is_known(tmp_path):
    grid = [{"weight": 0.1, "from": "हि"}, {"weight": 0.2, "from": "বাং"}]
    sweeps.run(grid, {}, "c", tmp_path / "whole", Evaluator())
    first, second, _ = (tmp_path / "whole").read_bytes().split(b"\n")
    for length in range(len(second) + 1):
        journal = tmp_path / "j"
        journal.write_bytes(first + b"\n" + second[:length])
        rest = Evaluator()
        sweeps.run(grid, {}, "c", journal, rest)
        assert rest.asked == ([0.2] if length < len(second) else [])
        sweeps.run(grid, {}, "c", journal, Evaluator(fail_after=0))


def test_lines_of_nobody_are_passed_over(tmp_path):
    (tmp_path / "j").write_bytes(b"[]\n1\n{}\nnull\n\xff\xfe\n\0\0\n\n")
    assert sweeps.read_journal(tmp_path / "j") == {}


def test_a_point_without_a_mean_is_told_by_its_number():
    with pytest.raises(ValueError, match="of 3 points 1 have no mean score, point 2 the first"):
        sweeps.select([0.1, float("nan"), 0.3])
