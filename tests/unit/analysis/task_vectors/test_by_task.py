"""Cosines of task vectors task by task: panels, and what is said of them."""

import pandas as pd

from babelmerge.analysis.task_vectors import figures, findings


def test_panels_by_task_hold_the_pairs_of_each_task_on_one_scale():
    pairs = {("a", "b"): 0.5, ("a", "c"): 0.1, ("b", "c"): -0.1, ("c", "d"): 0.2, ("b", "d"): 0.0}
    rows = [
        {"level": "model", "where": "all", "measure": "cosine", "value": value}
        | {"expert": f"experts/{one}", "other": f"experts/{other}"}
        for (one, other), value in pairs.items()
    ]
    table = pd.DataFrame(rows)
    tasks = {"moods": ["experts/a", "experts/b"], "topics": ["experts/c", "experts/d"]}
    figure = figures.task_figure(table, tasks)
    titles = [ax.get_title(loc="left") for ax in figure.axes[:2]]
    assert titles == ["Moods", "Topics"]
    scales = [ax.images[0].norm for ax in figure.axes[:2]]
    assert scales[0] is scales[1] and scales[0].vmax == 0.5
    numbers = [[text.get_text() for text in ax.texts] for ax in figure.axes[:2]]
    assert numbers == [["0.50"] * 2, ["0.20"] * 2]
    (said,) = findings.by_task(table, tasks)
    assert "0.50 in moods and 0.20 in topics" in said and "different tasks 0.00" in said
    assert findings.by_task(table, {}) == []
