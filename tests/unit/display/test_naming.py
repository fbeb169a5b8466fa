"""Names of points: none covers another, none leaves the axes, whatever the points."""

import itertools

import numpy as np
from matplotlib.text import Text

from babelmerge.display import style as fs
from babelmerge.display.naming import name_points


def named(xs, ys, names):
    figure, (ax,) = fs.panels([3.0], [""])
    ax.scatter(xs, ys)
    figure.draw_without_rendering()
    name_points(ax, xs, ys, names)
    return ax


def test_names_cover_no_name_and_no_point():
    generator = np.random.default_rng(3)
    xs, ys = generator.normal(size=45), generator.normal(size=45)
    xs[0] = ys[0] = 6.0
    ax = named(list(xs), list(ys), [f"en–{at:02}" for at in range(45)])
    assert len(ax.texts) > 30 and ax.texts[0].get_text() == "en–00", "the loneliest comes first"
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(told) for told in ax.texts]  # without lines to points
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    places = ax.transData.transform(np.column_stack([xs, ys]))
    assert not any(box.contains(*place) for box in boxes for place in places)
    assert all(ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1 for box in boxes)


def test_points_in_one_place_have_one_name_each_as_long_as_there_is_room():
    ax = named([1.0] * 40, [1.0] * 40, ["a name"] * 40)
    assert 5 < len(ax.texts) < 40
    assert not named([], [], []).texts
