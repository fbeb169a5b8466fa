"""Splits of a study's corpora: what is read for each, and what is refused while it is planned."""

import pytest
from small_studies import changed, made

from babelmerge.data import corpora
from babelmerge.study.grammar import study

PARTS = {
    "train": "    train: {corpus: made, size: 100}\n",
    "dev": "    dev: {corpus: made, size: 10}\n",
    "test": "    test: {corpus: made, size: 20}\n",
}


def text_of(corpus, train, dev, test):
    """The small study on another corpus; a part is what it says beside its corpus."""
    text = changed("{controlled: {seed: 3}}", corpus)
    for split, part in {"train": train, "dev": dev, "test": test}.items():
        text = text.replace(PARTS[split], f"    {split}: {{corpus: made{part and ', '}{part}}}\n")
    return text


def requests(text, data="."):
    splits = made(text, str(data)).datasets["translation/hi-en"].splits
    return {split: [(r.kind, r.options) for r in found] for split, found in splits.items()}


@pytest.mark.parametrize(
    ("corpus", "parts"),
    [
        ("{files: all.tsv}", ["split: 'train[:60%]'", "split: '[60%:80%]'", "split: 'x[80%:]'"]),
        ("{files: all.tsv}", ["split: '[:-4]'", "split: '[-4:-2]'", "split: '[-2:]'"]),
        ("{files: all.tsv}", [f"where: {{fold: {fold}}}" for fold in ("train", "dev", "test")]),
        ("{files: all.tsv, where: {fold: '{split}'}}", ["", "", ""]),
        ("{files: all.tsv}", ["split: '[:5]+[9:]'", "split: '[5:7]'", "split: '[7:9]'"]),
        ("{files: {'*': 'all.{language}'}}", ["split: '[:5]'", "split: '[5:7]'", "split: '[7:]'"]),
        ("{files: '{split}.tsv'}", ["split: 'all[:9]'", "split: 'all[9:]'", "split: more"]),
    ],
)
def test_train_dev_and_test_of_one_file_are_disjoint(tmp_path, corpus, parts):
    folds = ["train"] * 6 + ["dev"] * 2 + ["test"] * 2
    rows = [f"e{n}\th{n}\tb{n}\t{fold}\n" for n, fold in enumerate(folds)]
    (tmp_path / "all.tsv").write_text("en\thi\tbn\tfold\n" + "".join(rows))
    (tmp_path / "more.tsv").write_text("en\thi\tbn\tfold\nmore\tm\tm\tx\n")
    for at, language in enumerate(("en", "hi", "bn")):
        lines = [row.split("\t")[at] for row in rows]
        (tmp_path / f"all.{language}").write_text("\n".join(lines) + "\n")
    read = {
        split: [row["source"] for request in found for row in corpora.read(*request, "hi", "en")]
        for split, found in requests(text_of(corpus, *parts), tmp_path).items()
    }
    together = [source for split in ("train", "dev", "test") for source in read[split]]
    assert all(read.values())
    assert sorted(together) == sorted({*(f"h{n}" for n in range(10)), *together})


def test_the_hub_reads_slices_itself(tmp_path):
    parts = ["split: 'train[:90%]'", "split: 'train[90%:95%]+dev'", "split: '[:9]'"]
    found = requests(text_of("{hub: o/s}", *parts))
    assert [options["split"] for ((_, options),) in found.values()] == [
        "train[:90%]",
        "train[90%:95%]+dev",
        "test[:9]",
    ]


FILE = "{files: all.tsv}"
HALVES = ["split: '[:50%]'", "split: '[50%:80%]'", "split: '[80%:]'"]


@pytest.mark.parametrize(
    ("corpus", "parts", "message"),
    [
        (FILE, ["split: train", *HALVES[1:]], r"train.split: found 'train', and no \{split\} in"),
        (FILE, [HALVES[0], "split: 'dev[:20'", HALVES[2]], r"dev.split: found 'dev\[:20'; expect"),
        (FILE, [HALVES[0], "split: 'dev[9:2]'", HALVES[2]], r"'dev\[9:2\]', which holds no row"),
        ("{files: a.tsv, split: dev}", HALVES[:2] + [""], r"corpora.made.split: found 'dev', and"),
        (FILE, [HALVES[0], "", ""], "translation.test: found the rows of dev once more.*selection"),
        (FILE, [HALVES[0], "split: 'dev[:9]'", "split: 'test[:9]'"], "the rows of dev once more"),
        (FILE, ["", HALVES[1], ""], "test: found the rows of train once more.*overlap: drop"),
        (
            "{controlled: {}}",
            ["split: 'dev[:9]', size: 3", "size: 3", "size: 4"],
            "train, dev, test",
        ),
        ("{controlled: {}}", ["where: {x: y}, size: 3", "size: 3", "size: 4"], "made has none"),
        ("{files: {'*': 'a.{language}'}}", ["where: {x: y}", *HALVES[1:]], "made has none.*split:"),
        ("{files: '{split}', where: {x: '{split}'}}", ["split: a+b", "", ""], "{split} in paths"),
    ],
)
def test_a_split_that_cannot_be_honoured_or_is_another_is_refused(corpus, parts, message):
    with pytest.raises(study.StudyError, match=message):
        made(text_of(corpus, *parts))


def test_equal_splits_are_left_to_overlap_and_to_tasks_without_a_score():
    parts = ["", HALVES[1], ""]
    text = text_of(FILE, *parts).replace(
        'prompt: "{source}"', 'prompt: "{source}"\n    overlap: allow'
    )
    assert requests(text)["train"] == requests(text)["test"]
