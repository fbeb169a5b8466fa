"""The contrasts of each language that minimal pairs are made of, and what makes a form wrong.

A rule names the word at issue by its place among the words in which a sentence and its sibling
differ, so that no grammar has to point at it: the last one is a verb or a predicate that agrees,
the last but one an article before its noun.
"""

from collections.abc import Callable
from dataclasses import dataclass
from os.path import commonprefix

from babelmerge.data.controlled import inventory
from babelmerge.data.controlled.items import contrasts as of
from babelmerge.data.controlled.items.contrasts import ACTING, ALONE, Contrast

OBJECTS = ("transitive", "ditransitive", "possession")
WORKING = ("work", "cook", "sing", "laugh")


@dataclass(frozen=True)
class Pair:
    """The sentences, the rule's name, and the forms that differ."""

    good: str
    bad: str
    rule: str
    right: str
    wrong: str


Fair = Callable[[Pair], bool]


@dataclass(frozen=True)
class Rule:
    """A contrast of a language, and which word is at issue.

    at: among the words in which the two sentences differ, counted from their beginning, or, below
    zero, from their end. level: whether the sentences must have as many words. fair: whether the
    sentence made wrong by it is so indeed.
    """

    contrast: Contrast
    at: int
    level: bool = True
    fair: Fair = lambda pair: True


def apart(*groups: str) -> Fair:
    """Whether two forms are not in one group; what stands alone in a group suits everything."""
    sets = [set(group.split()) for group in groups]

    def fair(pair: Pair) -> bool:
        forms = {pair.right, pair.wrong}
        return not any(forms & group if len(group) == 1 else forms <= group for group in sets)

    return fair


def among(forms: str) -> Fair:
    """Whether both forms are among these."""
    return lambda pair: {pair.right, pair.wrong} <= set(forms.split())


def alike(pair: Pair) -> bool:
    """Whether the forms are of one word, and not two nouns."""
    shorter = min(len(pair.right), len(pair.wrong))
    both = len(commonprefix([pair.right, pair.wrong]))
    both += len(commonprefix([pair.right[::-1], pair.wrong[::-1]]))
    return both >= shorter - 2


def without(*stems: str, also: Fair = lambda pair: True) -> Fair:
    """Whether none of these is in the wrong sentence, where it would be right after all."""
    return lambda pair: also(pair) and not any(stem in pair.bad.lower() for stem in stems)


def unless(*phrases: str) -> Fair:
    """Whether the wrong sentence has none of these more often than the good one; they are right."""
    return lambda pair: (
        not any(pair.bad.lower().count(one) > pair.good.lower().count(one) for one in phrases)
    )


def possessed(pair: Pair) -> bool:
    """Whether the longer form has -sI, which no other form of a Turkish noun has."""
    short, long = sorted((pair.right, pair.wrong), key=len)
    return long[:-2] == short and long[-2] == "s"


NUMBER = Rule(Contrast((*ACTING, "location", "state", "quality"), of.number), -1, level=False)
FREE_NUMBER = Rule(Contrast(ALONE, of.number), -1, level=False)  # where objects may come first
SUBJECT, OBJECT = Contrast(ALONE, of.gender), Contrast(OBJECTS, of.article)
GENDER = Rule(SUBJECT, -1, level=False, fair=alike)
ARTICLE = Rule(OBJECT, -2)
OF_OBJECT = Contrast(OBJECTS, of.attribute)
ATTRIBUTE = Rule(OF_OBJECT, -1)
COUNTED = Rule(Contrast(OBJECTS, of.counted), -1)
CALLED = Contrast(("transitive", "ditransitive"), of.receiving)
COMING = Contrast(("intransitive", "motion"), of.moving("come", "to", ("sleep", "work", "cook")))
GOING = Contrast(("intransitive", "motion"), of.moving("go", "to", ("sleep", "play")))
RETURNING = Contrast(
    ("intransitive", "motion"), of.moving("return", "from", inventory.INTRANSITIVE)
)
DAY = Rule(Contrast(ACTING, of.day), 0, level=False)
# Who has these trades may be a woman, whose verb is then feminine.
HYBRID = without("врач", "учител", "фермер", also=alike)
# Beside two to four, attributes are in one case or another: две новые, две новых книги.
UNCOUNTED = without(" два ", " две ", " три ", " четыре ")
# Articles of a case each, but before a form that is a dative plural as well: den Jungen.
CASED = without("den jungen", "den bauern", "den studenten", also=among("den dem die der das"))
# Where one noun is as several are, the article alone tells: den Lehrer is one, die Lehrer several.
PLURALS = tuple(
    f" die {noun}" for noun in "bauern jungen studenten lehrer arbeiter mädchen".split()
)
# Of somebody who is good at what he does Dutch says een goed leraar too.
GOOD_AT_IT = tuple(f" goed {noun}" for noun in "boer arbeider student leraar dokter".split())
# Nouns of two genders with a meaning each (un livre and une livre, die and das Orange, der and die
# Hut, el and la naranja, de and het bal), and nouns that are right in either gender.
FRENCH = without(" livre", "orange", "médecin", "professeur")
FRENCH_FORMS = without(" livre", "orange", "médecin", "professeur", also=alike)
GERMAN = without(" orange", " hut", also=unless(*PLURALS))
SPANISH = without("estudiante", "médico", "naranja")
DUTCH = without(" bal", " schilderij", also=unless(*GOOD_AT_IT))
# Behind هل the verb stands before its subject, and before several animals or things it may be
# masculine or feminine.
TOLD = without("هل ")
# Plurals of things have one form of an attribute; what is wrong beside a numeral is then the noun.
ARABIC_UNCOUNTED = without(" ثلاث", " أربع")
# Beside these a locative is right too: one may go fast within a place.
AT_ONCE = without(" hızla", " yavaşça")
CLASSIFIERS = apart("个", "只 头 匹", "本 幅")
COUNTERS = apart("つ", "匹 頭 羽", "脚 台", "通 枚")

CONTRASTS: dict[str, dict[str, Rule]] = {
    "en": {
        "number": NUMBER,
        "counted": COUNTED,
        "did not": Rule(Contrast(ACTING, of.one_denied), -1, level=False, fair=apart("not")),
    },
    "fr": {
        "number": NUMBER,
        "gender": Rule(SUBJECT, -1, level=False, fair=FRENCH_FORMS),
        "article": Rule(OBJECT, -2, fair=FRENCH),
        "attribute": Rule(OF_OBJECT, -1, fair=FRENCH_FORMS),
        "counted": COUNTED,
    },
    "de": {
        "number": FREE_NUMBER,
        "article": Rule(OBJECT, -2, fair=GERMAN),
        "attribute": Rule(OF_OBJECT, -2, fair=GERMAN),
        "counted": COUNTED,
        "recipient": Rule(CALLED, 0, level=False, fair=CASED),
        "place": Rule(COMING, 1, fair=among("die der im ins nach zu")),
    },
    "ar": {
        "number": Rule(Contrast(ALONE, of.number), -1, level=False, fair=TOLD),
        "gender": GENDER,
        "numeral": Rule(Contrast(("transitive", "ditransitive"), of.article), -2),
        "attribute": Rule(OF_OBJECT, -1, fair=ARABIC_UNCOUNTED),
        "order": Rule(Contrast(("intransitive", "motion"), of.asked), 1, level=False),
    },
    "it": {
        "number": FREE_NUMBER,
        "gender": Rule(SUBJECT, -1, level=False, fair=without("insegnant", also=alike)),
        "article": ARTICLE,
        "attribute": ATTRIBUTE,
        "counted": COUNTED,
    },
    "nl": {
        "number": FREE_NUMBER,
        "article": Rule(OBJECT, -2, fair=DUTCH),
        "attribute": Rule(OF_OBJECT, -2, fair=DUTCH),
        "counted": COUNTED,
    },
    "ru": {
        "number": FREE_NUMBER,
        "gender": Rule(SUBJECT, -1, level=False, fair=HYBRID),
        "article": ARTICLE,
        "attribute": Rule(OF_OBJECT, -2, fair=UNCOUNTED),
        "counted": Rule(Contrast(("transitive", "ditransitive"), of.counted), -1),
        "recipient": Rule(CALLED, 1, level=False),
        "absence": Rule(Contrast(("location",), of.one_denied), 0, level=False),
        "place": Rule(COMING, -1),
    },
    "es": {
        "number": NUMBER,
        "gender": GENDER,
        "article": Rule(OBJECT, -2, fair=SPANISH),
        "attribute": Rule(OF_OBJECT, -1, fair=SPANISH),
        "counted": COUNTED,
        "place": Rule(COMING, -1),
    },
    "tr": {
        "place": Rule(GOING, 0, level=False, fair=AT_ONCE),
        "object": Rule(Contrast(("transitive",), of.looked_at), 0, level=False),
        "owner": Rule(Contrast(("possession", "intransitive", "motion"), of.owner), 0, level=False),
        "owned": Rule(
            Contrast(("possession", "transitive"), of.owned), 1, level=False, fair=possessed
        ),
        "harmony": Rule(Contrast(("intransitive",), of.doing_else), -1, level=False),
    },
    "zh": {
        "classifier": Rule(OBJECT, -2, fair=CLASSIFIERS),
        "place": Rule(RETURNING, 0, level=False, fair=apart("正 正在")),
        "day": DAY,
    },
    "ja": {
        "counter": Rule(OBJECT, -1, fair=COUNTERS),
        "being": Rule(Contrast(("location",), of.alive), -1, level=False),
        "place": Rule(Contrast(("location", "intransitive"), of.staying(WORKING)), 0, level=False),
        "day": DAY,
    },
}
