"""Words for readers, from ids alone."""

from babelmerge.display import labels

INTO = ["translation/hi-en", "translation/bn-en"]


def test_directions_in_words():
    assert labels.direction_words(INTO, "xx-en") == "XX → English"
    assert labels.direction_words(INTO, "translation-xx-en") == "Translation, XX → English"
    assert labels.direction_words(["sentiment/hi", "sentiment/bn"], "sentiment-xx") == "Sentiment"
