"""The languages that have items, with their speech."""

from babelmerge.data.controlled.languages.ar.speech import SPEECH as AR
from babelmerge.data.controlled.languages.de.speech import SPEECH as DE
from babelmerge.data.controlled.languages.en.speech import SPEECH as EN
from babelmerge.data.controlled.languages.es.speech import SPEECH as ES
from babelmerge.data.controlled.languages.fr.speech import SPEECH as FR
from babelmerge.data.controlled.languages.it.speech import SPEECH as IT
from babelmerge.data.controlled.languages.ja.speech import SPEECH as JA
from babelmerge.data.controlled.languages.nl.speech import SPEECH as NL
from babelmerge.data.controlled.languages.ru.speech import SPEECH as RU
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.languages.tr.speech import SPEECH as TR
from babelmerge.data.controlled.languages.zh.speech import SPEECH as ZH

SPEAKERS: dict[str, Speech] = {
    "en": EN,
    "de": DE,
    "fr": FR,
    "ja": JA,
    "zh": ZH,
    "ar": AR,
    "it": IT,
    "nl": NL,
    "ru": RU,
    "es": ES,
    "tr": TR,
}
# Those of items in several languages, of which each says one of five statements.
MIXERS = {language: SPEAKERS[language] for language in ("en", "de", "fr", "ja", "zh")}
