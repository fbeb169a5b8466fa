"""Languages by code: names that never change, the rest from CLDR, and what FLORES calls them."""

import subprocess
import sys

import pytest
from places import SCRIPTS

from babelmerge.words import languages, names

# Of FLORES-200: languages, macrolanguages, and those with old codes or another script.
FLORES = """
    he:heb_Hebr am:amh_Ethi sw:swh_Latn ur:urd_Arab mr:mar_Deva th:tha_Thai ko:kor_Hang fa:pes_Arab
    et:est_Latn ms:zsm_Latn cs:ces_Latn zh:zho_Hans sr:srp_Cyrl yue:yue_Hant fur:fur_Latn
    lv:lvs_Latn hin_Deva:hin_Deva eng_Latn:eng_Latn swh:swh_Latn uk:ukr_Cyrl pa:pan_Guru
""".split()


def test_languages_of_prompts_keep_their_names_and_scripts():
    assert languages.name("bn") == "Bengali"  # CLDR says Bangla
    assert languages.scripts("ja") == ("HIRAGANA", "KATAKANA", "CJK")
    for code in languages.NAMES:
        assert languages.known(code) and languages.flores(code) and languages.scripts(code)


def test_any_language_has_a_name():
    known = {"sw": "Swahili", "fur": "Friulian", "swh": "Swahili", "hin_Deva": "Hindi (Devanagari)"}
    assert {code: languages.name(code) for code in known} == known
    assert not languages.known("xx") and languages.name("xx") == "xx"
    assert not languages.known("sw_mine") and languages.flores("xx") is None


def test_a_study_names_languages_itself_for_as_long_as_a_job_lasts():
    with names.given({names.LANGUAGES: {"sw": "Kiswahili"}}):
        assert languages.name("sw") == "Kiswahili"
        with names.given({names.LANGUAGES: {"sw": "Swahili sanifu"}}):
            assert languages.name("sw") == "Swahili sanifu"
        assert languages.name("sw") == "Kiswahili"
    assert languages.name("sw") == languages.english("sw") == "Swahili"


@pytest.mark.parametrize("pair", FLORES)
def test_codes_of_flores(pair):
    code, wanted = pair.split(":")
    assert languages.flores(code) == wanted


def test_scripts_are_those_of_letters():
    found = {code: languages.scripts(code) for code in ("he", "am", "or", "ko", "sr", "sr_Latn")}
    assert found == {
        "he": ("HEBREW",),
        "am": ("ETHIOPIC",),
        "or": ("ORIYA",),
        "ko": ("HANGUL", "CJK"),
        "sr": ("CYRILLIC",),
        "sr_Latn": ("LATIN",),
    }
    assert languages.scripts("xx") == ()


def test_languages_in_the_tables_cost_no_reading_of_cldr():
    asked = (
        "import sys; from babelmerge.words import languages as l;"
        "[(l.name(c), l.flores(c), l.scripts(c)) for c in l.NAMES];"
        "sys.exit('babel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asked], cwd=SCRIPTS).returncode == 0
