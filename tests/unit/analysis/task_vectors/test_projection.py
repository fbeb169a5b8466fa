"""What merges keep of experts: against projections computed from the vectors themselves."""

import numpy as np
import pandas as pd
import pytest

from babelmerge.analysis.task_vectors import projection as kept

EXPERTS = ["experts/a", "experts/b", "experts/c"]


def table(vectors: dict[str, np.ndarray], level: str = "model", where: str = "all") -> pd.DataFrame:
    """Long rows of these task vectors, as an inspection gives them: pairs once, in order."""
    names, rows = list(vectors), []
    for at, one in enumerate(names):
        place = {"level": level, "where": where, "expert": one}
        length = np.linalg.norm(vectors[one])
        rows.append({**place, "measure": "norm", "other": "", "value": length})
        for other in names[at + 1 :]:
            size = length * np.linalg.norm(vectors[other])
            value = vectors[one] @ vectors[other] / size if size else np.nan
            rows.append({**place, "measure": "cosine", "other": other, "value": value})
    return pd.DataFrame(rows)


@pytest.fixture
def vectors():
    drawn = np.random.default_rng(0).normal(size=(len(EXPERTS), 40))
    return dict(zip(EXPERTS, drawn, strict=True))


def test_kept_is_the_projection_on_the_expert(vectors):
    merge = 0.3 * vectors["experts/a"] - 0.2 * vectors["experts/b"] + vectors["experts/c"]
    rows = kept.kept_rows(table(vectors | {"merges/g/ties": merge}), "g").set_index("expert")
    for name, vector in vectors.items():
        assert rows.loc[name, "kept"] == pytest.approx(merge @ vector / (vector @ vector))
        ratio = np.linalg.norm(merge) / np.linalg.norm(vector)
        assert rows.loc[name, "norm_ratio"] == pytest.approx(ratio)
    assert set(rows["method"]) == {"ties"}


def test_an_expert_is_all_in_itself_and_an_average_keeps_its_share():
    basis = dict(zip(EXPERTS, np.eye(3), strict=True))
    merges = {"merges/g/own": basis["experts/a"], "merges/g/linear": np.full(3, 1 / 3)}
    rows = kept.kept_rows(table(basis | merges), "g").set_index(["method", "expert"])
    assert rows.loc[("own", "experts/a"), "kept"] == pytest.approx(1)
    assert rows.loc[("own", "experts/b"), "kept"] == pytest.approx(0)
    assert rows.loc["linear", "kept"].to_numpy() == pytest.approx([1 / 3] * 3)


def test_norms_are_against_the_mean_of_the_members(vectors):
    merge = 0.5 * vectors["experts/a"]
    made = vectors | {"merges/g/ties": merge, "merges/g/none": 0 * merge}
    found = kept.norms(kept.kept_rows(table(made), "g")).set_index("method")["norm"]
    mean = np.mean([np.linalg.norm(vector) for vector in vectors.values()])
    assert found["ties"] == pytest.approx(np.linalg.norm(merge) / mean)
    assert found["none"] == 0


def test_members_may_be_merges_of_other_groups_and_may_stand_behind():
    vectors = {"merges/g/sum": np.array([2.0, 0.0]), "merges/h/ties": np.array([1.0, 0.0])}
    rows = kept.kept_rows(table(vectors), "g")
    assert rows[["merge", "expert"]].values.tolist() == [["merges/g/sum", "merges/h/ties"]]
    assert rows["kept"].tolist() == [2.0]


def test_nothing_is_kept_by_the_base_and_of_the_base_nothing_can_be():
    assert kept.kept(np.nan, 0.0, 2.0) == 0 and np.isnan(kept.kept(np.nan, 1.0, 0.0))
    assert kept.kept([0.5, -0.5], 2.0, [1.0, 4.0]).tolist() == [1.0, -0.25]
