"""Tables: published averages, bold, rounding, retention, and what the files say."""

import base64
import json
import re

import made_up_study
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import ROOT

from babelmerge.analysis.scores import retention_tables as tables
from babelmerge.analysis.scores import tables as beside
from babelmerge.analysis.scores.owners import owners
from babelmerge.analysis.scores.score_table import score_table
from babelmerge.analysis.scores.scored import Scored
from babelmerge.display import labels
from babelmerge.display.html import to_html
from babelmerge.display.latex import escape_latex, to_latex
from babelmerge.display.layout import spans
from babelmerge.display.tables import to_json, to_markdown, write_table
from babelmerge.files.long_tables import read_long

PUBLISHED = ROOT / "resources/published/translation.tsv"
# Printed averages that are not the means of the printed columns (Table 2): the paper's slips.
SLIPS = {("en-bn", "chrf"), ("en-ta", "chrf"), ("en-te", "bleu")}


@pytest.fixture(scope="module")
def scores():
    return made_up_study.scores()


@pytest.fixture(scope="module")
def retention(scores):
    return made_up_study.retention(scores)


@pytest.fixture(scope="module")
def published():
    return read_long(PUBLISHED)


def as_scores(published, family):
    """Published rows as if we had measured them: the long score table of one family."""
    rows = []
    for row in published[published.family == family].to_dict("records"):
        source, target = row["dataset"].split("/")[1].split("-")
        if "xx" in (source, target):
            continue
        group = family if family != "bidirectional" else f"bidirectional-{source}{target}"
        group = re.sub("-(en)?(..)(en)?$", r"-\2", group) if family == "bidirectional" else group
        kind = row["model_kind"]
        model = {
            "base": "base",
            "expert": f"experts/{row['expert']}",
            "merge": f"merges/{group}/{row['method']}",
        }
        rows.append(
            {"model": model[kind], "kind": kind, "group": group if kind == "merge" else ""}
            | {key: row[key] for key in ("expert", "method", "dataset", "metric", "value")}
            | {"source_language": source, "target_language": target}
            | {"owner": f"experts/{source}-{target}"}
        )
    return pd.DataFrame(rows)


def texts(table):
    return {row.label: [cell.text for cell in row.cells] for row in table.rows}


@pytest.mark.parametrize("family", ["many-to-one", "one-to-many", "bidirectional"])
@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_published_averages_are_means_of_published_columns(published, family, metric):
    table = score_table(
        as_scores(published, family), family, made_up_study.groups()[family], [metric], published
    )
    compared = 0
    for row in table.rows:
        for names, cell in zip(table.header, row.cells, strict=True):
            slip = any(labels.expert(name) in row.label and metric == m for name, m in SLIPS)
            if cell.aside and not (slip and names[-1] == "Average"):
                assert abs(float(cell.text) - float(cell.aside)) < 0.011, (row.label, names)
                compared += 1
    assert compared >= 40


def test_published_numbers_stand_where_the_paper_has_them(published):
    ours = published.set_index(["model_kind", "expert", "method", "family", "dataset", "metric"])
    value = ours["value"]
    assert value["merge", "", "sce", "many-to-one", "translation/hi-en", "bleu"] == 33.68
    assert (
        value["base", "", "", "one-to-many", "translation/xx-en".replace("xx-en", "en-xx"), "chrf"]
        == 23.15
    )
    assert value["expert", "en-ta", "", "one-to-many", "translation/en-te", "bleu"] == 1.09
    assert value["merge", "", "sce", "bidirectional", "translation/ta-en", "chrf"] == 41.89
    assert len(published) == 276 and not published.duplicated().any()
    assert set(published.source) == {f"arXiv:2604.02881 Table {n}" for n in range(1, 5)}


def test_one_group_shows_experts_in_rows_and_languages_in_columns(scores):
    groups = made_up_study.groups()["many-to-one"]
    table = score_table(scores, "many-to-one", groups, ["bleu", "chrf"])
    assert table.header[0] == ("BLEU", "Hindi") and table.header[-1] == ("chrF", "Average")
    assert [row.label for row in table.rows] == [
        "Base",
        *(f"Expert {name} → English" for name in ("Hindi", "Bengali", "Tamil", "Telugu")),
        "Joint all",
        "Joint to-english",
        "Task Arithmetic",
        "TIES",
        "DARE",
        "SCE",
    ]
    assert [row.section for row in table.rows][-1] == "Merged models"


def test_several_groups_show_each_expert_on_its_own_pair(scores):
    groups = made_up_study.groups()["bidirectional"]
    table = score_table(scores, "bidirectional", groups, ["bleu"])
    assert table.header[0] == ("English → XX", "Hindi")
    assert table.header[5] == ("XX → English", "Hindi") and len(table.header) == 10
    own = scores[(scores.model == "experts/en-hi") & (scores.metric == "bleu")]
    own = own.set_index("dataset")["value"]["translation/en-hi"]
    assert texts(table)["Experts (own pair)"][0] == f"{own:.2f}"


def test_groups_that_share_data_sets_get_rows_of_their_own(scores):
    both = scores[scores.group.isin(["many-to-one", "bidirectional-hi", ""])]
    groups = {
        "many-to-one": ["translation/hi-en", "translation/bn-en"],
        "bidirectional-hi": ["translation/en-hi", "translation/hi-en"],
    }
    table = score_table(both, "mixed", groups, ["bleu"])
    assert {"many-to-one: TIES", "bidirectional-hi: TIES"} <= set(texts(table))


def test_best_of_each_block_is_bold_and_ties_all_are():
    rows = [
        ("base", "base", ""),
        ("experts/hi-en", "expert", ""),
        ("merges/g/ties", "merge", "ties"),
    ]
    rows += [("merges/g/dare", "merge", "dare"), ("merges/g/sce", "merge", "sce")]
    values = {"bleu": [3, 9, 4.001, 4.004, 2], "off_target": [0.5, 0.1, 0.2, 0.3, 0.2]}
    frame = pd.DataFrame(
        [
            {"model": model, "kind": kind, "method": method, "metric": metric, "value": value}
            | {"expert": "hi-en" if kind == "expert" else "", "group": "g" if method else ""}
            | {"dataset": "translation/hi-en", "owner": "experts/hi-en"}
            | {"source_language": "hi", "target_language": "en"}
            for metric, column in values.items()
            for (model, kind, method), value in zip(rows, column, strict=True)
        ]
    )
    table = score_table(frame, "g", {"g": ["translation/hi-en"]}, ["bleu", "off_target"])
    best = {row.label: [cell.best for cell in row.cells] for row in table.rows}
    assert best["Expert Hindi → English"] == [True, True]
    assert best["TIES"] == [True, True]
    assert best["DARE"] == [True, False]
    assert best["SCE"] == [False, True]
    assert texts(table)["Base"] == ["3.00", "50.0"]


def test_a_missing_score_is_a_dash_and_has_no_average(scores):
    gap = (scores.model == "base") & (scores.dataset == "translation/hi-en")
    groups = made_up_study.groups()["many-to-one"]
    table = score_table(scores[~gap], "many-to-one", groups, ["bleu"])
    assert texts(table)["Base"][0] == labels.MISSING and texts(table)["Base"][-1] == labels.MISSING
    assert texts(table)["TIES"][-1] != labels.MISSING


def test_nothing_scored_is_an_error_with_facts(scores):
    with pytest.raises(ValueError, match="many-to-one.*hi-en.*comet"):
        groups = made_up_study.groups()["many-to-one"]
        score_table(scores, "many-to-one", groups, ["comet"])
    with pytest.raises(ValueError, match="comet.*bleu"):
        tables.retention_table(made_up_study.retention(scores), "comet")


def test_tsv_holds_the_plain_numbers(scores, published, tmp_path):
    groups = made_up_study.groups()["many-to-one"]
    table = score_table(scores, "many-to-one", groups, ["bleu"], published)
    paths = write_table(table, tmp_path / "new" / "scores.v1")
    endings = ("tsv", "md", "tex", "html", "json")
    assert [path.name for path in paths] == [f"scores.v1.{ending}" for ending in endings]
    back = pd.read_csv(paths[0], sep="\t").set_index("model")
    assert back.at["SCE", "BLEU / Hindi / published"] == 33.68
    mean = back.loc["SCE", [f"BLEU / {n}" for n in ("Hindi", "Bengali", "Tamil", "Telugu")]].mean()
    assert back.at["SCE", "BLEU / Average"] == pytest.approx(mean, abs=1e-3)
    assert "(33.68)" in paths[1].read_text(encoding="utf-8")


def test_the_page_shows_the_table_and_carries_its_numbers(scores, tmp_path):
    groups = made_up_study.groups()["many-to-one"]
    table = score_table(scores, "many-to-one", groups, ["bleu"])
    tsv, _, _, fragment, _ = write_table(table, tmp_path / "scores")
    content = fragment.read_text(encoding="utf-8")
    assert to_html(table) in content and 'download="scores.tsv"' in content
    (carried,) = re.findall(r"base64,([^\"]*)", content)
    assert base64.b64decode(carried) == tsv.read_bytes()


def test_records_are_the_scores_behind_the_table(scores):
    groups = made_up_study.groups()["many-to-one"]
    records = json.loads(to_json(score_table(scores, "many-to-one", groups, ["bleu"])))
    assert list(records[0]) == (
        "model kind expert group method dataset metric value low high n signature".split()
    )
    assert {one["metric"] for one in records} == {"bleu"}
    assert {one["signature"] for one in records} == set(made_up_study.SIGNATURES.values())
    wanted = scores[(scores.metric == "bleu") & scores.dataset.isin(groups["many-to-one"])]
    wanted = wanted[(wanted.kind != "merge") | (wanted.group == "many-to-one")]
    assert [one["value"] for one in records] == wanted["value"].tolist()


def test_a_missing_or_infinite_number_is_null_and_nothing_is_no_record(retention, tmp_path):
    frame = retention.assign(retention=float("inf"), low=float("nan"))
    (first, *_) = json.loads(to_json(tables.retention_table(frame, "bleu")))
    assert first["retention"] is None and first["low"] is None and first["n"] == 1012
    paths = write_table(None, tmp_path / "nothing")
    assert [path.read_text() for path in paths] == ["", "", "", "", "[]\n"]


def test_records_of_retention_carry_the_signature_of_the_merges_score(scores, retention):
    table = tables.retention_table(retention, "bleu", scores=scores)
    records = json.loads(to_json(table))
    assert {one["signature"] for one in records} == {made_up_study.SIGNATURES["bleu"]}
    assert "signature" not in table.frame and len(records) == len(table.rows)


def test_tables_beside_the_papers(scores, retention):
    found = Scored("bleu", scores, made_up_study.groups(), retention)
    own = beside.own_scores(found)
    assert [row.label for row in own.rows] == [labels.pair(name) for name in found.datasets]
    assert set(own.frame["kind"]) == {"base", "expert", "joint"}
    base = scores[(scores.model == "base") & (scores.metric == "bleu")].iloc[0]
    assert own.rows[0].cells[0].text == f"{base.value:.2f} [{base.low:.2f}, {base.high:.2f}]"
    low = beside.lowest(found)
    assert len(low.rows) == beside.LOWEST and low.frame["retention"].is_monotonic_increasing
    assert beside.lowest(Scored("bleu", scores)) is None
    experts = scores[scores.kind != "expert"]
    assert beside.own_scores(Scored("bleu", experts)) is None


def test_sizes_training_and_signatures(scores):
    sizes = beside.sizes({"t/hi-en": {"train": 6000, "test": 200}, "t/bn-en": {"test": 40}})
    assert [cell.text for row in sizes.rows for cell in row.cells] == [
        "6\u202f000",
        "200",
        "–",
        "40",
    ]
    assert len(json.loads(to_json(sizes))) == 3 and beside.sizes({}) is None
    cost = beside.training(made_up_study.training())
    assert len(cost.rows) == 12 and cost.note.endswith("12.6 minutes.")
    assert set(cost.frame["seed"]) == {42} and beside.training({}) is None
    long = {"rows": 400, "prompts_too_long": 2, "targets_dropped": 1, "targets_cut": 0}
    given = {"joint/all": {"seconds": 60.0, "rows": {"train": long}}}
    told = beside.training(made_up_study.training() | given).note
    assert told.endswith("than max_length: Joint all 3 left out and 0 cut of 400.")
    parted = {"rows": 400, "texts_split": 20, "pieces": 1200}
    told = beside.training({"joint/all": {"seconds": 60.0, "rows": {"train": parted}}}).note
    assert told.endswith("than max_length: Joint all 20 split into 1\u202f200 of 400.")
    given = scores.assign(
        signature=scores["signature"].where(scores.dataset != "translation/hi-en", "x")
    )
    frame = beside.signatures(given[given.metric == "bleu"]).frame
    assert beside.signatures_in_short(frame) == [
        ("BLEU", f"{made_up_study.SIGNATURES['bleu']} (and 1 more, by target language)")
    ]
    assert beside.signatures(scores.assign(signature="")) is None
    assert beside.signatures_in_short(pd.DataFrame()) == []


def test_no_published_value_no_parentheses(scores, published):
    groups = made_up_study.groups()["many-to-one"]
    table = score_table(scores, "many-to-one", groups, ["off_target"], published)
    assert "parentheses" not in table.note
    assert not any(cell.aside for row in table.rows for cell in row.cells)


def test_all_formats_are_rectangular(scores):
    table = score_table(scores, "bidirectional", made_up_study.groups()["bidirectional"], ["bleu"])
    rows = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {len(table.header) + 2}
    latex = to_latex(table)
    body = [line for line in latex.splitlines() if line.endswith(r"\\") and "multicol" not in line]
    assert {line.count("&") for line in body} == {len(table.header)}
    assert r"\cmidrule(lr){2-6}" in latex and r"\cmidrule(lr){7-11}" in latex
    assert to_html(table).count("<td>") == len(table.header) * len(table.rows)


@given(st.text(alphabet=st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_latex_never_sees_a_bare_special_character(text):
    left = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum|ensuremath)\{.?\}",
        "",
        text and escape_latex(text),
    )
    left = re.sub(r"\\[&%$#_{}]", "", left)
    assert not set(left) & set("\\&%$#_{}~^<>")


def test_spans_merge_within_their_outer_heading():
    header = (("A", "x", "1"), ("A", "y", "1"), ("B", "y", "1"), ("B", "y", "2"))
    assert spans(header, 0) == [("A", 2), ("B", 2)]
    assert spans(header, 1) == [("x", 1), ("y", 1), ("y", 2)]
    assert len(spans(header, 2)) == 4


def test_retention_marks_and_interval(retention):
    row = {"p_base": 0.04, "p_expert": 0.2, "retention": 0.4612, "low": 0.4, "high": float("nan")}
    assert tables.retention_table(retention, "bleu").rows
    assert tables.marks(row) == "*" and tables.marks(row | {"p_expert": 0.0}) == "*†"
    assert tables.marks(row | {"p_base": float("nan")}) == ""
    assert (
        tables.interval(row) == "46.1"
        and tables.interval(row | {"high": 0.5}) == "46.1 [40.0, 50.0]"
    )


def test_interference_is_the_mean_drop_and_zero_experts_do_not_count(retention):
    frame = retention[retention.metric == "bleu"].copy()
    group = frame[(frame.group == "many-to-one") & (frame.method == "ties")]
    summary = tables.summarise_retention(frame, "bleu").set_index(["group", "method"])
    mine = summary.loc[("many-to-one", "ties")]
    assert mine["interference"] == pytest.approx((group["expert"] - group["merged"]).mean())
    assert mine["retention"] == pytest.approx((group["merged"] / group["expert"]).mean())
    assert mine["sets"] == 4
    frame.loc[group.index[0], ["expert", "retention"]] = [0.0, float("inf")]
    mine = tables.summarise_retention(frame, "bleu").set_index(["group", "method"])
    assert mine.loc[("many-to-one", "ties"), "sets"] == 3
    rest = group.iloc[1:]
    assert mine.loc[("many-to-one", "ties"), "retention"] == pytest.approx(rest["retention"].mean())


def test_retention_tables_agree_and_keep_the_order_of_groups(retention):
    order = ["one-to-many", "many-to-one"]
    summary = tables.retention_summary(retention, "bleu", order)
    assert [row.label for row in summary.rows] == ["one-to-many", "many-to-one"]
    for row in summary.rows:
        shares = [float(cell.text) for cell in row.cells[:4]]
        assert [cell.best for cell in row.cells[:4]] == [share == max(shares) for share in shares]
    full = tables.retention_table(retention, "bleu", order)
    assert len(full.rows) == 32 and full.rows[0].section.startswith("one-to-many")


def test_long_tables_keep_text_as_text(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text(
        "model\tkind\texpert\tgroup\tmethod\tdataset\tmetric\tvalue\tlow\n"
        "merges/g/nan\tmerge\t\tg\tnan\ttranslation/hi-en\tbleu\t1.5\t\n",
        encoding="utf-8",
    )
    row = read_long(path).iloc[0]
    assert row["method"] == "nan" and row["expert"] == "" and row["value"] == 1.5
    assert pd.isna(row["low"])
    path = tmp_path / "retention.tsv"
    path.write_text("group\tmethod\texpert\tjoint\ng\tties\t30.5\t\n", encoding="utf-8")
    row = read_long(path).iloc[0]
    assert row["expert"] == 30.5 and pd.isna(row["joint"])


def test_labels():
    assert labels.number(-0.001) == "0.00" and labels.number(-1.5, 1) == "−1.5"
    assert labels.number(float("inf")) == labels.MISSING == labels.percent(None)
    assert (
        labels.pivot(["t/en-hi", "t/hi-en"]) == "en"
        and labels.pivot(["t/hi-bn", "t/ta-te"]) is None
    )
    assert labels.side("sentiment/hi", None) == "Hindi"
    assert labels.group("bidirectional-hi") == "bidirectional-hi"
    assert labels.model_id("merges/many-to-one/dare_ties") == "DARE-TIES, many-to-one"


def test_owners_are_the_plans_whatever_experts_are_called():
    rows = [
        ("experts/hi-en-mine", "expert", "hi-en-mine", "translation/hi-en"),
        ("experts/other", "expert", "other", "translation/hi-en"),
        ("base", "base", "", "translation/bn-en"),
    ]
    frame = pd.DataFrame(rows, columns=["model", "kind", "expert", "dataset"])
    owner = {"translation/hi-en": "experts/hi-en-mine", "translation/bn-en": "experts/unscored"}
    assert owners(frame.assign(owner=frame["dataset"].map(owner))) == {
        "translation/hi-en": "hi-en-mine"
    }
    assert owners(frame.assign(owner="")) == {}


def test_answers_without_a_model_stand_below_in_a_section_of_their_own_and_are_never_bold(scores):
    shown = made_up_study.groups()["many-to-one"]
    datasets = shown["many-to-one"]
    trivial = [
        pd.DataFrame(
            [{"dataset": dataset, "baseline": name, "metric": "bleu", "value": 90.0 + at}]
        ).assign(low=1.0, high=99.0, n=9, signature="known")
        for at, dataset in enumerate(datasets)
        for name in ("words", "majority")
    ]
    plain = score_table(scores, "many-to-one", shown, ["bleu"])
    table = score_table(scores, "many-to-one", shown, ["bleu"], trivial=trivial)
    assert table.rows[: len(plain.rows)] == plain.rows
    last = table.rows[len(plain.rows) :]
    assert [(row.section, row.label) for row in last] == [
        ("Without a model", "Words alone"),
        ("Without a model", "Majority class"),
    ]
    assert last[0].cells[0].text == "90.00" and not any(cell.best for cell in last[0].cells)
    ours = table.records[table.records["kind"] == "trivial"]
    assert set(ours["model"]) == {"trivial/words", "trivial/majority"} and len(ours) == 8
    elsewhere = [trivial[0].assign(dataset="translation/xx-en")]
    assert score_table(scores, "many-to-one", shown, ["bleu"], trivial=elsewhere).rows == plain.rows
