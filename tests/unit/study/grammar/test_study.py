"""Study files: strict reading, `extends`, and errors that name file, key and remedy."""

import pytest
from small_studies import SMALL, changed, error_of

from babelmerge.study.grammar import study
from babelmerge.study.plan import expand as plan


def test_a_study_is_named_after_its_file(write):
    loaded = study.load(write(SMALL))
    assert loaded.name == "small"
    assert loaded.title == "Small"
    assert loaded.seed == 0
    assert isinstance(study.StudyError("x"), ValueError)


# --- extends -------------------------------------------------------------------------------------


def test_extends_merges_mappings_replaces_lists_and_removes_nulls(write):
    write(SMALL)
    child = study.load(
        write(
            "extends: small\ntraining: {steps: null, epochs: 2}\nlanguages: [en, ta]\n"
            "groups: {many-to-one: null, both: [en-ta, ta-en]}\ntasks: {translation: {chat: true}}",
            "child.yaml",
        )
    )
    assert child.name == "child"
    assert child.training.epochs == 2 and child.training.steps is None
    assert child.training.learning_rate == 1e-3
    assert child.languages == ["en", "ta"]
    assert list(child.groups) == ["both"]
    assert child.tasks["translation"].chat and child.tasks["translation"].prompt == "{source}"


def test_extends_takes_a_file_name_and_chains(write):
    write(SMALL)
    write("extends: small.yaml\nseed: 5", "middle.yaml")
    assert study.load(write("extends: middle", "last.yaml")).seed == 5


def test_extends_in_a_cycle_names_the_cycle(write):
    write("extends: b", "a.yaml")
    message = error_of(write("extends: a", "b.yaml"))
    assert "extends" in message and "b.yaml -> a.yaml -> b.yaml" in message


def test_extends_of_an_absent_study_names_the_nearest(write):
    write(SMALL)
    message = error_of(write("extends: smal", "child.yaml"))
    assert "child.yaml: extends" in message and "'smal'" in message and "'small'" in message


def test_an_error_names_the_file_that_set_the_key(write):
    write(changed("size: 100", "sise: 100"))
    message = error_of(write("extends: small\nseed: 5", "child.yaml"))
    assert "small.yaml: tasks.translation.train" in message and "child.yaml" not in message
    write(SMALL)
    message = error_of(write("extends: small\nseed: five", "child.yaml"))
    assert "child.yaml: seed: found 'five'" in message


# --- YAML ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5e-5", 5e-5),
        ("1.5", 1.5),
        ("12", 12),
        ("no", "no"),
        ("on", "on"),
        ("0010000", "0010000"),
        ("2026-01-01", "2026-01-01"),
        ("12:30", "12:30"),
        ("true", True),
        ("~", None),
    ],
)
def test_scalars_mean_what_they_look_like(text, value):
    from babelmerge.study.grammar import yaml as study_yaml

    parsed = study_yaml.parse(f"key: {text}")["key"]
    assert parsed == value and type(parsed) is type(value)


def test_a_key_given_twice_is_an_error(write):
    message = error_of(write(SMALL + "methods: {linear: {}}\n"))
    assert "small.yaml" in message and "'methods' is given twice" in message


def test_broken_and_absent_files_are_study_errors(write, tmp_path):
    assert "valid YAML" in error_of(write("title: [", "broken.yaml"))
    assert "a mapping" in error_of(write("- title", "list.yaml"))
    write(SMALL)
    message = error_of(tmp_path / "smal.yaml")
    assert "no such file" in message and "'small'" in message


@pytest.mark.parametrize("name", ["...", "{x}", "a,b", "*", "-x", "x "])
def test_a_study_is_not_named_what_no_path_can_hold(write, name):
    message = error_of(write(SMALL, f"{name}.yaml"))
    assert f"{name}.yaml: " in message and "Rename the file" in message


def test_a_file_may_be_named_in_any_script(write):
    assert study.load(write(SMALL, "हिन्दी.yaml")).name == "हिन्दी"
    assert study.load(write(SMALL, "two words.yaml")).name == "two words"


@pytest.mark.parametrize("value", ["/dev/zero", '"a\\0b"', "n" * 5000, ".", "[a]", "3"])
def test_what_extends_names_is_a_file(write, value):
    assert "small.yaml: extends: found" in error_of(write(f"extends: {value}\n{SMALL}"))


def test_a_language_of_ones_own_needs_a_name_and_codes_only_where_used(write):
    text = changed("bn]", "xx]").replace("bn-en", "xx-en") + "language_names: {xx: Xish}\n"
    text = text.replace("{controlled: {seed: 3}}", '{files: "{flores}.{split}.tsv"}')
    message = error_of(write(text))
    assert "{flores}" in message and "codes: {flores: {xx: …}}" in message
    expanded = plan.expand(study.load(write(text + "codes: {flores: {xx: xxx_Latn}}\n")))
    assert expanded.language_names["xx"] == "Xish"
    files = expanded.datasets["translation/xx-en"].splits["train"][0].paths
    assert files == ("xxx_Latn.train.tsv",)


def test_the_controlled_corpus_has_the_languages_that_studies_may_take_from_it():
    from babelmerge.data import controlled
    from babelmerge.data.controlled.items import drawing, sentiment
    from babelmerge.study.grammar import corpora as study_corpora

    assert set(study_corpora.CONTROLLED_LANGUAGES) == set(controlled.LANGUAGES)
    assert set(study_corpora.CONTROLLED_ITEM_LANGUAGES) == set(controlled.ITEM_LANGUAGES)
    assert study_corpora.CONTROLLED_LABELS == sentiment.LABELS
    assert set(study_corpora.CONTROLLED_FORMS["multiple_choice"]) < set(drawing.MAKERS)


ITEMS = """
title: Items
languages: [en, de, ja]
base: {path: models/base}
corpora:
  made: {controlled: {seed: 3}}
tasks:
  sentiment:
    kind: classification
    labels: [negative, neutral, positive]
    train: {corpus: made, size: 100}
    prompt: "{text}"
experts:
  each: {each: sentiment}
training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4}
"""


def test_a_task_of_another_kind_takes_items_from_the_controlled_corpus(write):
    expanded = plan.expand(study.load(write(ITEMS)))
    (request,) = expanded.datasets["sentiment/ja"].splits["train"]
    assert request.options["items"] == "sentiment"
    assert request.options["fields"] == {"source": "text", "target": "label"}
    (plain,) = plan.expand(study.load(write(SMALL))).datasets["translation/hi-en"].splits["train"]
    assert plain.options == {"split": "train", "seed": 3, "size": 100}


def test_a_study_says_which_form_of_items_it_takes(write):
    text = ITEMS.replace("labels: [negative, neutral, positive]", "answer: likelihood")
    text = text.replace("classification", "multiple_choice").replace("sentiment", "reading")
    text = text.replace('"{text}"', '"{passage} {question}"')
    text = text.replace("{seed: 3}", "{seed: 3, items: passages}")
    request = plan.expand(study.load(write(text))).datasets["reading/ja"].splits["train"][0]
    assert request.options["items"] == "passages"
    assert request.options["fields"]["passage"] == "passage"
    usual = text.replace(", items: passages", "").replace("{passage} ", "")
    request = plan.expand(study.load(write(usual))).datasets["reading/ja"].splits["train"][0]
    assert request.options["items"] == "reasoning" and "passage" not in request.options["fields"]
    message = error_of(write(ITEMS.replace("{seed: 3}", "{items: passages}")))
    assert "corpora.made.controlled.items" in message and "multiple_choice" in message


def test_text_is_sentences_or_documents_made_of_items(write):
    text = ITEMS.replace("labels: [negative, neutral, positive]", "languages: [en, ja]")
    text = text.replace("classification", "text").replace('    prompt: "{text}"\n', "")
    plain = plan.expand(study.load(write(text))).datasets["sentiment/ja"].splits["train"][0]
    told = text.replace("{seed: 3}", "{seed: 3, items: relations}")
    request = plan.expand(study.load(write(told))).datasets["sentiment/ja"].splits["train"][0]
    assert request.options == {**plain.options, "items": "relations"}
    message = error_of(write(told.replace("ja]", "hi]")))
    assert "corpora.made.controlled: found language 'hi'" in message and "en, de, fr" in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("de, ja]", "hi]", ["corpora.made.controlled", "'hi'", "en, de, fr, ja, zh", "files"]),
        ("[negative,", "[bad,", ["tasks.sentiment.labels", "bad", "negative, neutral, positive"]),
    ],
)
def test_what_the_controlled_corpus_has_no_items_for_is_named(write, old, new, words):
    message = error_of(write(ITEMS.replace(old, new)))
    assert all(word in message for word in words), message


def test_a_controlled_corpus_lacks_languages_without_a_grammar(write):
    text = changed("bn]", "xx]").replace("bn-en", "xx-en") + "language_names: {xx: Xish}\n"
    message = error_of(write(text))
    assert "corpora.made.controlled" in message and "'xx'" in message and "files" in message


@pytest.mark.parametrize("told", ["{}", "{vocab_size: 600, path: other}", "{hub: a/b, path: c}"])
def test_a_tokenizer_comes_from_one_place(write, told):
    scratch = f"base: {{architecture: {{model_type: llama}}, tokenizer: {told}}}"
    text = "".join(scratch + "\n" if x.startswith("base:") else x for x in SMALL.splitlines(True))
    assert scratch in text
    assert "expected one of vocab_size, hub and path" in error_of(write(text))
