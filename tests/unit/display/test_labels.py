"""Words for readers, from ids alone."""

from babelmerge.display import labels

INTO = ["translation/hi-en", "translation/bn-en"]


def test_directions_in_words():
    assert labels.direction_words(INTO, "xx-en") == "XX → English"
    assert labels.direction_words(INTO, "translation-xx-en") == "Translation, XX → English"
    assert labels.direction_words(["sentiment/hi", "sentiment/bn"], "sentiment-xx") == "Sentiment"


def test_tasks_are_named_where_several_stand_together_though_their_languages_differ():
    """A German test of one benchmark below Polish ones of another is not of theirs."""
    assert labels.apart("pairs/en", ["pairs/en", "pairs/pl"]) == "English"
    assert labels.apart("ends/de", ["pairs/en", "ends/de"]) == "Ends, German"
    assert labels.apart("pairs/en", ["ends/de"]) == "Pairs, English"
    assert labels.apart("translation/hi-en", INTO) == "Hindi → English"


def test_a_heading_in_a_sentence_begins_small_unless_it_is_an_abbreviation():
    assert labels.inside("Cosine of task vectors") == "cosine of task vectors"
    for words in ("CKA, mean over layers", "X-CSQA by tokens", "MultiBLiMP"):
        assert labels.inside(words) == words
    assert labels.inside("Accuracy by XLM") == "accuracy by XLM"


def test_tasks_are_called_as_their_authors_write_them():
    written = {
        "xcsqa": "X-CSQA",
        "hellaswag-tr": "HellaSwag-tr",
        "multiblimp_hard": "MultiBLiMP hard",
    }
    for name, words in written.items():
        assert labels.task(name) == labels.task(name, within=True) == words
    assert labels.task("who_did_what") == "Who did what"
    assert labels.task("who_did_what", within=True) == "who did what"
    assert labels.apart("belebele/en", ["xnli/en"]) == "Belebele, English"
    assert labels.direction("flores/en", "fr") == "FLORES"


def test_states_along_training_say_their_step():
    assert labels.model_id("joint/mixed@60") == "Joint mixed, step 60"
    assert labels.model_id("experts/en@60") == "Expert English, step 60"
    assert labels.model_id("joint/mixed") == "Joint mixed"
