"""The languages that have items, with their speech."""

from babelmerge.data.controlled.languages.de.speech import SPEECH as DE
from babelmerge.data.controlled.languages.en.speech import SPEECH as EN
from babelmerge.data.controlled.languages.fr.speech import SPEECH as FR
from babelmerge.data.controlled.languages.ja.speech import SPEECH as JA
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.languages.zh.speech import SPEECH as ZH

SPEAKERS: dict[str, Speech] = {"en": EN, "de": DE, "fr": FR, "ja": JA, "zh": ZH}
