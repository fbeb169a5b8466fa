"""One grammar per language: a function from a meaning to a sentence."""

from collections.abc import Callable

from babelmerge.data.controlled.languages.ar import grammar as ar
from babelmerge.data.controlled.languages.bn import grammar as bn
from babelmerge.data.controlled.languages.de import grammar as de
from babelmerge.data.controlled.languages.en import grammar as en
from babelmerge.data.controlled.languages.es import grammar as es
from babelmerge.data.controlled.languages.fr import grammar as fr
from babelmerge.data.controlled.languages.hi import grammar as hi
from babelmerge.data.controlled.languages.it import grammar as it
from babelmerge.data.controlled.languages.ja import grammar as ja
from babelmerge.data.controlled.languages.nl import grammar as nl
from babelmerge.data.controlled.languages.ru import grammar as ru
from babelmerge.data.controlled.languages.ta import grammar as ta
from babelmerge.data.controlled.languages.te import grammar as te
from babelmerge.data.controlled.languages.tr import grammar as tr
from babelmerge.data.controlled.languages.zh import grammar as zh
from babelmerge.data.controlled.meaning import Meaning

GRAMMARS: dict[str, Callable[[Meaning], str]] = {
    "en": en.sentence,
    "hi": hi.sentence,
    "bn": bn.sentence,
    "ta": ta.sentence,
    "te": te.sentence,
    "de": de.sentence,
    "fr": fr.sentence,
    "ja": ja.sentence,
    "zh": zh.sentence,
    "ar": ar.sentence,
    "it": it.sentence,
    "nl": nl.sentence,
    "ru": ru.sentence,
    "es": es.sentence,
    "tr": tr.sentence,
}
