"""Laws of a search: every point counts, the same again after a kill, judged by rows unseen."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from babelmerge.evaluation.sweeps import journal as sweeps
from babelmerge.evaluation.sweeps import search as searching
from babelmerge.evaluation.sweeps import searched, tasks
from babelmerge.evaluation.sweeps.scoring import Task
from babelmerge.recipes.spaces import Space

SPACE = Space(("experts/a", "experts/b"))
START = {"density": 0.4, "weight": 0.3}
GOAL = {"experts/a": 0.8, "experts/b": 0.1}


def start(space=SPACE, point=START, seed=0):
    return searching.Start(point, space.start("ties", point), seed)


class Scorer:
    """A hill at GOAL on the half searched, and one that lies nearer to the start on the other."""

    def __init__(self, journal, fail_after=None, half="searched"):
        self.journal, self.fail_after, self.asked, self.half = journal, fail_after, [], half

    def __call__(self, points):
        return sweeps.run(points, {}, self.half, self.journal, self.evaluate)

    def other(self):
        return Scorer(self.journal, self.fail_after, "other")

    def evaluate(self, points):
        for index, point in enumerate(points):
            if self.fail_after is not None and len(self.asked) >= self.fail_after:
                raise RuntimeError("killed")
            self.asked.append(point)
            weights = point["weight"]
            if not isinstance(weights, dict):
                weights = dict.fromkeys(GOAL, weights)
            goals = [
                goal if self.half == "searched" else (0.3 + goal) / 2 for goal in GOAL.values()
            ]
            away = [weights[name] - goal for name, goal in zip(GOAL, goals, strict=True)]
            yield index, {"t/x": 1 - float(np.square(away).sum())}, 0.5


def whole(scorer, points=60):
    """A search to its end, judged."""
    return searching.judged(searching.search(SPACE, start(), points, scorer), scorer.other())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    journal = tmp_path_factory.mktemp("search") / "journal.jsonl"
    scorer = Scorer(journal)
    return whole(scorer), scorer.asked


def test_it_tries_as_many_points_as_asked_from_the_start_to_the_mean(found):
    tried, asked = found
    assert len(tried) == 60 and asked[0] == START and tried[0].generation == 0
    assert [one.generation for one in tried[1:7]] == [1] * SPACE.population
    assert tried[-1].generation is None
    assert {json.dumps(one.point) for one in tried} >= {json.dumps(point) for point in asked}


def test_it_climbs_and_its_choice_is_the_best_candidate_on_the_rows_it_has_not_seen(found):
    tried, _ = found
    assert max(one.mean for one in tried) > 0.999 > tried[0].mean
    best, may = searching.chosen(tried), list(searching.candidates(tried))
    assert may[0] == 0 and may[-1] == 59 and best in may
    assert tried[best].held == max(tried[number].held for number in may)
    assert [n for n, one in enumerate(tried) if one.unseen] == may
    assert {one.seconds for n, one in enumerate(tried) if n not in may} == {0.5}
    assert tried[best].mean < max(one.mean for one in tried)  # as the hills lie apart
    running = np.maximum.accumulate([one.mean for one in tried])
    assert all(tried[n].mean == running[n] for n in may[:-1])


def test_a_table_holds_its_points_and_a_recipe_is_made_of_the_selected_one(found, tmp_path):
    tried, _ = found
    table = searching.table(tried, whole=0.25)
    table.to_csv(tmp_path / "search.tsv", sep="\t", index=False)
    back = pd.read_csv(tmp_path / "search.tsv", sep="\t")
    point = sweeps.winner([START], tmp_path / "search.tsv")
    assert point == tried[searching.chosen(tried)].point
    assert back["selected"].sum() == 1 and back["whole"].dropna().tolist() == [0.25]
    assert back["generation"].isna().sum() == 1 and sweeps.searched(back)
    for pick in (searched.highest, searched.selected):  # both halves of what is told of are known
        assert all(np.isfinite(searched.gains(back, pick(back))))
    assert back["held"].isna().tolist() == (~back["candidate"]).tolist()
    assert back["held"].equals(back["t/x (held)"])


def test_one_that_is_killed_asks_for_the_same_points_and_ends_with_the_same_bytes(found, tmp_path):
    tried, asked = found
    with pytest.raises(RuntimeError):
        searching.search(SPACE, start(), 60, Scorer(tmp_path / "j", fail_after=25))
    rest = Scorer(tmp_path / "j")
    resumed = whole(rest)
    assert rest.asked == asked[25:]
    one, other = (searching.table(each, 0.5).to_csv() for each in (tried, resumed))
    assert one == other
    longer = Scorer(tmp_path / "j")
    searching.search(SPACE, start(), 70, longer)
    assert len(longer.asked) <= 10 + SPACE.population


def test_another_seed_tries_other_points_and_numpys_own_is_left_alone(found, tmp_path):
    np.random.seed(7)
    expected = np.random.RandomState(7).rand()
    other = searching.search(SPACE, start(seed=1), 12, Scorer(tmp_path / "j"))
    assert np.random.rand() == expected
    assert other[1].point != found[0][1].point and other[0].point == found[0][0].point


@pytest.mark.parametrize("weight", [{"experts/a": 0.4, "experts/b": -0.2}, 0, 1e-4])
def test_weights_keep_their_sign_and_scale(weight, tmp_path):
    begun = start(point={"density": 0.4, "weight": weight})
    tried = searching.search(SPACE, begun, 20, Scorer(tmp_path / "j"))
    first = np.array([list(one.point["weight"].values()) for one in tried[1:7]])
    signs = np.sign(begun.values)
    assert (first * np.where(signs < 0, -1, 1) >= 0).all()
    assert np.abs(first).max() < 3 * (np.abs(begun.values).max() or 1)


def test_a_landscape_without_a_slope_is_searched_on(tmp_path):
    def flat(points):
        return [{"scores": {"t/x": 0.0}, "seconds": 0.0} for _ in points]

    tried = searching.judged(searching.search(SPACE, start(), 40, flat), flat)
    assert len(tried) == 40 and searching.chosen(tried) == 0
    sizes = pd.Series([one.generation for one in tried[1:-1]]).value_counts(sort=False)
    assert sizes.max() >= 2 * SPACE.population  # it began anew, wider


def test_fewer_points_than_a_generation_are_refused(tmp_path):
    with pytest.raises(ValueError, match="at least 8"):
        searching.search(SPACE, start(), 7, Scorer(tmp_path / "j"))


def test_halves_share_no_row_and_are_the_same_for_data_sets_of_one_length():
    rows = [f"row {number}" for number in range(41)]
    seen, held = tasks.halves(rows)
    assert len(seen) == 21 and sorted([*seen, *held]) == sorted(rows)
    assert seen == sorted(seen, key=rows.index)
    numbers = [int(row.split()[1]) for row in seen]
    assert [f"zeile {n}" for n in numbers] == tasks.halves([f"zeile {n}" for n in range(41)])[0]
    assert 5 < sum(number % 2 for number in numbers) < 16  # and not every other one


def test_a_data_set_of_one_row_cannot_be_halved():
    one = Task("base", {}, "ties", {"t/x": [{}]}, "bleu", {"t/x": {}}, {})
    with pytest.raises(ValueError, match="t/x: 1 row"):
        tasks.halved(one)
    both = tasks.halved(Task("b", {}, "ties", {"t/x": [1, 2, 3]}, "bleu", {"t/x": {}}, {}), 2)
    assert sorted(rows for half in both for rows in half.dev["t/x"]) == [1, 2]
    assert all({name: len(rows) for name, rows in half.dev.items()} == {"t/x": 1} for half in both)


def scoring(answer):
    """What scores points by their weights; no journal."""

    def score(points):
        return [{"scores": {"t/x": answer(point["weight"])}, "seconds": 0.0} for point in points]

    return score


def hill(weight):
    weights = weight if isinstance(weight, dict) else dict.fromkeys(GOAL, weight)
    return 1 - sum((weights[name] - goal) ** 2 for name, goal in GOAL.items())


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf])
def test_a_point_without_a_score_is_the_worst_and_is_told(nothing, caplog):
    def some(weight):
        cliff = isinstance(weight, dict) and weight["experts/b"] > 0.35
        return nothing if cliff else hill(weight)

    tried = searching.search(SPACE, start(), 60, scoring(some))
    lost = [n for n, one in enumerate(tried) if not np.isfinite(one.mean)]
    assert lost and len(lost) == caplog.text.count("counts as the worst")
    tried = searching.judged(tried, scoring(hill))
    assert not set(lost) & set(searching.candidates(tried))
    best = searching.chosen(tried)
    assert tried[best].mean > 0.99 and "NaN" not in searching.table(tried, 0.5)["point"][best]


def test_where_all_points_but_the_start_have_none_the_start_stays():
    answers = scoring(lambda weight: math.nan if isinstance(weight, dict) else 0.5)
    tried = searching.judged(searching.search(SPACE, start(), 20, answers), answers)
    assert [*searching.candidates(tried)] == [0] and searching.chosen(tried) == 0


def test_a_start_without_a_score_is_no_start():
    with pytest.raises(ValueError, match=r"starts from scores {'t/x': nan}.*'density': 0.4"):
        searching.search(SPACE, start(), 20, scoring(lambda weight: math.nan))


def test_a_half_of_which_no_score_can_be_made_is_named():
    tried = searching.search(SPACE, start(), 20, scoring(hill))
    judged = searching.judged(tried, scoring(lambda weight: math.nan))
    with pytest.raises(ValueError, match=r"scores {'t/x': nan} on the rows that it is judged by"):
        searching.chosen(judged)
