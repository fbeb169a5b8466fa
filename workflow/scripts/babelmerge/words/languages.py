"""Names, scripts and FLORES codes of languages by code.

What is known of a language comes from the Unicode CLDR, as the package babel brings it. It is only
read for languages that are not in the tables below, since every parse of the workflow comes here.
The tables say what must never change (the names in prompts) or what CLDR does not tell.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from babelmerge.words import names

# As prompts name them, whatever a later CLDR calls them; rows carry the names of all others.
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

# The script names of the Unicode character database (the first word of a character's name), so that
# a letter's script can be read off `unicodedata.name`; of scripts that CLDR calls otherwise.
_LETTERS = MappingProxyType(
    {
        "Beng": ("BENGALI",),
        "Hans": ("CJK",),
        "Hant": ("CJK",),
        "Jpan": ("HIRAGANA", "KATAKANA", "CJK"),
        "Kore": ("HANGUL", "CJK"),
        "Mtei": ("MEETEI",),
        "Orya": ("ORIYA",),
    }
)
_SCRIPTS = MappingProxyType(
    {
        **dict.fromkeys(("de", "en", "es", "fr", "it", "nl", "tr"), ("LATIN",)),
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

# Codes of languages in data sets that use three letters and a script, as FLORES does: of those that
# have several three-letter codes (macrolanguages, and old codes of libraries), or that FLORES has
# in another script than the likely one.
_FLORES = """
    ak:aka_Latn ar:arb_Arab ay:ayr_Latn az:azj_Latn bn:ben_Beng bo:bod_Tibt crh:crh_Latn cs:ces_Latn
    cy:cym_Latn de:deu_Latn din:dik_Latn dz:dzo_Tibt el:ell_Grek en:eng_Latn es:spa_Latn et:est_Latn
    eu:eus_Latn fa:pes_Arab fa_AF:prs_Arab fil:tgl_Latn fr:fra_Latn gn:grn_Latn gu:guj_Gujr
    hi:hin_Deva hr:hrv_Latn hy:hye_Armn is:isl_Latn it:ita_Latn ja:jpn_Jpan ka:kat_Geor kg:kon_Latn
    ko:kor_Hang kr:knc_Latn ku:kmr_Latn lv:lvs_Latn mg:plt_Latn mi:mri_Latn mk:mkd_Cyrl mn:khk_Cyrl
    ms:zsm_Latn my:mya_Mymr ne:npi_Deva nl:nld_Latn om:gaz_Latn or:ory_Orya ps:pbt_Arab qu:quy_Latn
    ro:ron_Latn ru:rus_Cyrl sa:san_Deva sc:srd_Latn sk:slk_Latn sq:als_Latn sr:srp_Cyrl sw:swh_Latn
    ta:tam_Taml te:tel_Telu tl:tgl_Latn tr:tur_Latn tzm:tzm_Tfng uz:uzn_Latn yi:ydd_Hebr zh:zho_Hans
"""
FLORES: Mapping[str, str] = MappingProxyType(dict(pair.split(":") for pair in _FLORES.split()))


def name(code: str) -> str:
    """Name of a language for readers: the study's own, else the English one, else the code."""
    return names.own(names.LANGUAGES, code) or english(code) or code


def english(code: str) -> str | None:
    """English name of a language; None for a code that nobody knows."""
    return NAMES.get(code) or _cldr_name(code)


def known(code: str) -> bool:
    """Whether a code is that of a language."""
    return english(code) is not None


def scripts(code: str) -> tuple[str, ...]:
    """Unicode scripts that a language is written in; none where that is not known."""
    if code in _SCRIPTS:
        return _SCRIPTS[code]
    script = _script(code)
    if script in _LETTERS:
        return _LETTERS[script]
    words = _english().scripts.get(script) if script else None
    return (words.split()[0].upper(),) if words else ()


def flores(code: str) -> str | None:
    """The code by which FLORES knows a language, such as hin_Deva; None where none follows."""
    if code in FLORES:
        return FLORES[code]
    language, script = code.split("_")[0], _script(code)
    letters = language if len(language) == 3 else _three_letters().get(language)
    return f"{letters}_{script}" if letters and script else None


def codes() -> tuple[str, ...]:
    """Every code with a name, to find the nearest to one that has none."""
    return tuple(_english().languages)


@cache
def _english():
    from babel import Locale

    return Locale("en")


@cache
def _facts(what: str) -> Mapping[str, str]:
    from babel.core import get_global

    return get_global(what)


@cache
def _cldr_name(code: str) -> str | None:
    """'Swahili' of sw, swa and swh, 'Chinese (Traditional Han)' of zh_Hant."""
    languages = _english().languages
    language, *rest = code.split("_")
    found = languages.get(language) or languages.get(_facts("language_aliases").get(language, ""))
    told = [_english().scripts.get(part) or _english().territories.get(part) for part in rest]
    if not found or not all(told):
        return None
    return f"{found} ({', '.join(told)})" if told else found


@cache
def _script(code: str) -> str | None:
    """The script of a code, its own or the likely one: Deva of hi, hin and hi_Deva."""
    language, *rest = code.split("_")
    if rest and rest[0] in _english().scripts:
        return rest[0]
    short = _facts("language_aliases").get(language, language)
    likely = _facts("likely_subtags").get(short, "").split("_")
    return likely[1] if len(likely) > 1 else None


@cache
def _three_letters() -> Mapping[str, str]:
    """Two-letter code -> the three-letter code of the same language."""
    aliases = _facts("language_aliases").items()
    return {short: long for long, short in aliases if len(long) == 3 and len(short) == 2}
