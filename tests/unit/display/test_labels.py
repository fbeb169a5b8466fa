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
    assert labels.inside("CKA, mean over layers") == "CKA, mean over layers"


def test_states_along_training_say_their_step():
    assert labels.model_id("joint/mixed@60") == "Joint mixed, step 60"
    assert labels.model_id("experts/en@60") == "Expert English, step 60"
    assert labels.model_id("joint/mixed") == "Joint mixed"
