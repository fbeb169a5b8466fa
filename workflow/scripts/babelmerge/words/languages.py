"""Names and scripts of the languages we know by code; plain facts that import nothing.

`SCRIPTS` uses the script names of the Unicode character database (the first word of a character's
name), so that a letter's script can be read off `unicodedata.name`.
"""

from types import MappingProxyType

NAMES = MappingProxyType(
    {
        "ar": "Arabic",
        "bn": "Bengali",
        "de": "German",
        "en": "English",
        "es": "Spanish",
        "fr": "French",
        "hi": "Hindi",
        "it": "Italian",
        "ja": "Japanese",
        "nl": "Dutch",
        "ru": "Russian",
        "ta": "Tamil",
        "te": "Telugu",
        "tr": "Turkish",
        "zh": "Chinese",
    }
)

SCRIPTS = MappingProxyType(
    {
        "ar": ("ARABIC",),
        "bn": ("BENGALI",),
        "hi": ("DEVANAGARI",),
        "ja": ("HIRAGANA", "KATAKANA", "CJK"),
        "ru": ("CYRILLIC",),
        "ta": ("TAMIL",),
        "te": ("TELUGU",),
        "zh": ("CJK",),
    }
)

# Codes of the same languages in data sets that use three letters and a script, as FLORES does.
FLORES = MappingProxyType(
    {
        "ar": "arb_Arab",
        "bn": "ben_Beng",
        "de": "deu_Latn",
        "en": "eng_Latn",
        "es": "spa_Latn",
        "fr": "fra_Latn",
        "hi": "hin_Deva",
        "it": "ita_Latn",
        "ja": "jpn_Jpan",
        "nl": "nld_Latn",
        "ru": "rus_Cyrl",
        "ta": "tam_Taml",
        "te": "tel_Telu",
        "tr": "tur_Latn",
        "zh": "zho_Hans",
    }
)


def name(code: str) -> str:
    """English name of a language code; the code itself when we do not know it."""
    return NAMES.get(code, code)


def scripts(code: str) -> tuple[str, ...]:
    """Unicode scripts a language is written in; Latin unless listed otherwise."""
    return SCRIPTS.get(code, ("LATIN",))
