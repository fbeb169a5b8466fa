"""Mergeability of a study with several tasks: metrics that differ, too little to correlate."""

import numpy as np
import pandas as pd

from babelmerge.analysis.mergeability import chapter, pairs, points
from babelmerge.display.chapters import Parts


def test_what_cannot_be_correlated_is_neither_drawn_nor_tabled():
    found = pd.DataFrame(columns=points.CORRELATION_COLUMNS).assign(value=pd.Series(dtype=float))
    row = dict.fromkeys(points.CORRELATION_COLUMNS, "") | {
        "value": float("nan"),
        "n": 0,
        "items": 0,
    }
    rows = pd.concat([found, pd.DataFrame([row])])
    pair = {"model": "experts/a", "other": "experts/b", "measure": "cosine", "value": 0.5}
    compared = pd.DataFrame([pair | {"standing": "", "rank": 1, "outlook": "", "span": ""}])
    long = {("compatibility",): compared, ("correlations",): rows}
    tables = {("correlations",): "<table></table>"}
    body = chapter.mergeability(Parts(study={"scored": False}, long=long, tables=tables))
    assert "too few groups" in body and "<table>" not in body


def test_each_data_set_counts_by_the_metric_of_its_task():
    experts = ("experts/a", "experts/b")
    measured = pairs.Pairs(experts, {"cosine": np.array([[1, 0.5], [0.5, 1]])}, {})
    rows = [
        {"group": "both", "method": "ties", "dataset": d, "metric": m, "retention": r, "drop": 1.0}
        | {"unlearnt": ""}
        for d, m, r in (("x/a", "f1", 0.5), ("x/a", "accuracy", 0.9), ("y/b", "accuracy", 0.7))
    ]
    owners = {"both": {"x/a": experts[0], "y/b": experts[1]}}
    metric = {"x/a": "f1", "y/b": "accuracy"}
    found = points.points(pd.DataFrame(rows), measured, {"both": experts}, owners, metric)
    assert found["retention"].tolist() == [0.5, 0.7] and found["drop"].isna().all()
    alone = points.points(pd.DataFrame(rows), measured, {"both": experts}, owners, "accuracy")
    assert alone["retention"].tolist() == [0.9, 0.7] and (alone["drop"] == 1.0).all()
