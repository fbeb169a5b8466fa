"""Examples before items: drawn for each by its id, never of the item itself or of its passage."""

import json

import pytest
from small_studies import made

from babelmerge.data import settling
from babelmerge.study.grammar.study import StudyError
from babelmerge.study.graph import data as graph
from babelmerge.study.graph import evaluate

POOL = [
    {
        "id": str(n),
        "source_language": "en",
        "target_language": "en",
        "source": f"Q{n}?",
        "target": "a",
        "passage": f"P{n // 2}",
    }
    for n in range(12)
]


def shown(rows=POOL, pool=POOL, number=3, seed=0):
    return list(settling.with_examples(rows, pool, number, seed, "read/en: test"))


def sources(rows):
    return [[shot["source"] for shot in row["shots"]] for row in rows]


def test_an_item_is_never_shown_itself_nor_its_passage():
    for row in shown(number=10):
        assert len(row["shots"]) == 10
        assert row["passage"] not in [shot["passage"] for shot in row["shots"]]
        assert len(set(sources([row])[0])) == 10, "each once"


def test_examples_depend_on_seed_and_id_alone():
    whole = sources(shown())
    assert whole == sources(shown())
    assert sources(shown(rows=POOL[4:6])) == whole[4:6]
    assert sources(shown(seed=1)) != whole
    assert len({tuple(own) for own in whole}) > 6, "other examples for other items"


def test_examples_hold_fields_and_answers_and_nothing_else():
    assert set(shown()[0]["shots"][0]) == {"source", "target", "passage"}


def test_a_pool_of_just_so_many_is_shown_in_its_order():
    others = [{**POOL[0], "source": f"other {n}", "passage": f"O{n}"} for n in range(3)]
    assert sources(shown(pool=others)) == [["other 0", "other 1", "other 2"]] * 12


def test_rows_without_passages_are_told_apart_by_their_texts():
    plain = [{k: v for k, v in row.items() if k != "passage"} for row in POOL]
    for row in shown(rows=plain, pool=plain, number=11):
        assert sorted([*sources([row])[0], row["source"]]) == sorted(r["source"] for r in POOL)


def test_too_few_rows_are_told_with_a_remedy():
    told = "read/en: test: row 0: 11 examples are to be shown.* 10 of 12 rows .*lower `shots`"
    with pytest.raises(ValueError, match=told):
        shown(number=11)


STUDY = """
title: Shots
languages: [en, de]
base: {path: models/base}
corpora:
  read:
    files: "{split}-{language}.jsonl"
    columns: {question: q, choices: c, answer: a, passage: p}
  more: {files: "more-{language}.jsonl", columns: {question: q, choices: c, answer: a, passage: p}}
tasks:
  read:
    kind: multiple_choice
    test: {corpus: read}
    prompt: "{passage} {ask}{question}\\n{say}"
    words: {en: {ask: "Q: ", say: "A:"}, de: {ask: "F: ", say: "A:", space: ""}}
    shots: 2
experts: {each: {each: read, path: "models/{unit}"}}
"""


def test_a_split_shows_rows_of_an_earlier_one_else_its_own():
    own = made(STUDY)
    told = graph.settings(own, "read/en", "test")["shots"]
    assert told["requests"] == [] and told["number"] == 2 and told["seed"] == 0
    assert evaluate.asked(own, "read/en")["shots"] == "2 of test"
    trained = made(STUDY.replace("    test:", "    train: {corpus: read}\n    test:"))
    (request,) = graph.settings(trained, "read/en", "test")["shots"]["requests"]
    assert request["options"]["files"] == ["train-en.jsonl"]
    assert "train-en.jsonl" in graph.corpus_files(trained, "read/en", "test")
    assert "shots" not in graph.settings(trained, "read/en", "train"), "what is learnt has none"


def test_a_study_may_name_the_rows_that_are_shown():
    named = made(STUDY.replace("shots: 2", "shots: 2\n    shots_from: {corpus: more, size: 2}"))
    (request,) = graph.settings(named, "read/de", "test")["shots"]["requests"]
    assert request["options"]["files"] == ["more-de.jsonl"] and request["options"]["size"] == 2
    assert evaluate.asked(named, "read/de")["shots"] == "2 of more"


def test_studies_without_examples_carry_nothing():
    plain = made(STUDY.replace("    shots: 2\n", ""))
    assert "shots" not in graph.settings(plain, "read/en", "test")
    assert "shots" not in evaluate.asked(plain, "read/en")


def test_words_stand_in_the_prompt_of_their_language():
    plan = made(STUDY)
    assert plan.datasets["read/en"].prompt == "{passage} Q: {source}\nA:{space}"
    assert plan.datasets["read/de"].prompt == "{passage} F: {source}\nA:"


def test_words_of_pairs_have_a_side():
    plan = made(PAIRS)
    assert plan.datasets["translation/en-de"].prompt == "Englisch: {source}\nDeutsch:{space}"


PAIRS = """
title: Pairs
languages: [en, de]
base: {path: models/base}
corpora: {made: {controlled: {}}}
tasks:
  translation:
    kind: translation
    pairs: [en-de]
    train: {corpus: made, size: 20}
    test: {corpus: made, size: 20}
    prompt: "{source_called}: {source}\\n{target_called}:"
    words: {en: {called: Englisch}, de: {called: Deutsch}}
    shots: 3
experts: {de: {of: translation/en-de, path: models/own}}
"""


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (', say: "A:"}, de', "}, de", "tasks.read.words: found no say for en; .*words: {en: {say"),
        ("de: {ask", "fr: {ask", "language 'fr'.*of the study: en, de"),
        ("{ask}{question}", "{question}", "word 'ask', for which the prompt has no place"),
        ('ask: "Q: "', "question: Q", "word 'question'.*another name"),
        ('space: ""', 'space: "  "', "word space '  '"),
        ('ask: "Q: "', 'ask: "{x} "', "tasks.read.words.en.ask"),
        ("shots: 2", "shots_from: {corpus: more}", "shots_from, and no shots"),
        ("shots: 2", "tokenization: joined", "tokenization.*apart.*joint"),
        ("shots: 2", "first_token: counted", "first_token; expected none"),
        ("shots: 2", "answer: generate\n    tokenization: joint", "found tokenization"),
        ("shots: 2", "shots: 2\n    shots_from: {corpus: moor}", "shots_from.*'moor'.*'more'"),
        ("kind: multiple_choice", "kind: text", "shots: 2; expected none .text has no prompt"),
    ],
)
def test_mistakes_are_told_while_the_study_is_read(old, new, found):
    assert old in STUDY
    with pytest.raises(StudyError, match=found):
        made(STUDY.replace(old, new))


PAIRED = """
title: Pairs
languages: [en]
base: {path: models/base}
corpora: {blimp: {files: "pairs.jsonl", columns: {good: sen, bad: wrong}}}
tasks: {blimp: {kind: minimal_pairs, test: {corpus: blimp}, unusable: drop}}
experts: {each: {each: blimp, path: "models/{unit}"}}
"""


def prepared(folder, pairs, text=PAIRED):
    from babelmerge.data import corpora

    lines = [json.dumps({"sen": good, "wrong": bad}) + "\n" for good, bad in pairs]
    (folder / "pairs.jsonl").write_text("".join(lines))
    settings = graph.settings(made(text, str(folder)), "blimp/en", "test")
    (request,) = settings["requests"]
    found = corpora.read(request["kind"], request["options"], "en", "en")
    found = corpora.check_rows(found, "blimp/en", request["options"]["fields"])
    return list(settling.settled(found, **settings["task"]))


def test_pairs_that_cannot_be_told_apart_are_refused_or_dropped(tmp_path, caplog):
    pairs = [("They see.", "They sees."), ("It sees.", "It sees."), ("", "It see.")]
    kept = prepared(tmp_path, pairs)
    assert [row["choices"] for row in kept] == [["They see.", "They sees."]]
    assert "blimp/en: test" in caplog.text and "1 rows left out (row 1: good and bad" in caplog.text
    with pytest.raises(ValueError, match="pairs.jsonl.: row 1: good and bad.*unusable: drop"):
        prepared(tmp_path, pairs, PAIRED.replace(", unusable: drop", ""))
    with pytest.raises(ValueError, match="none of 1 rows can be used"):
        prepared(tmp_path, [("a", "a")])


def test_pairs_are_asked_without_a_prompt():
    plan = made(PAIRED)
    assert evaluate.asked(plan, "blimp/en")["template"] == ""
    assert plan.datasets["blimp/en"].metrics[0] == "accuracy"
    assert evaluate.length_settings(plan, "blimp/en")["compared"]["template"] == ""
