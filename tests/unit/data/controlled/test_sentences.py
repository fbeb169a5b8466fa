"""Sentences of the controlled corpus, checked by hand, letter by letter."""

import hashlib
import json
import unicodedata

import pytest

from babelmerge.data.controlled import (
    LANGUAGES,
    Meaning,
    Phrase,
    count,
    render,
    rows,
    sample,
    split_of,
)
from babelmerge.data.controlled.languages.ar import grammar as ar
from babelmerge.data.controlled.languages.bn import grammar as bn
from babelmerge.data.controlled.languages.de import grammar as de
from babelmerge.data.controlled.languages.en import grammar as en
from babelmerge.data.controlled.languages.es import grammar as es
from babelmerge.data.controlled.languages.fr import grammar as fr
from babelmerge.data.controlled.languages.hi import grammar as hi
from babelmerge.data.controlled.languages.it import grammar as it
from babelmerge.data.controlled.languages.nl import grammar as nl
from babelmerge.data.controlled.languages.ru import grammar as ru
from babelmerge.data.controlled.languages.ta import grammar as ta
from babelmerge.data.controlled.languages.te import grammar as te
from babelmerge.data.controlled.languages.tr import grammar as tr
from babelmerge.words import languages

# ruff: noqa: E501
# One meaning and its sentences in en, hi, bn, ta, te: every frame, tense, negation, question,
# number and determiner, both sides of each agreement rule.
# fmt: off
PINNED = [
    (
        Meaning("transitive", "past", Phrase("girl", "plural"), "read", Phrase("book", "two"), time="yesterday"),
        "The girls read two books yesterday.",
        "लड़कियों ने कल दो किताबें पढ़ीं।",
        "মেয়েরা গতকাল দুটি বই পড়েছিল।",
        "சிறுமிகள் நேற்று இரண்டு புத்தகங்கள் வாசித்தார்கள்.",
        "అమ్మాయిలు నిన్న రెండు పుస్తకాలు చదివారు.",
    ),
    (
        Meaning("transitive", "past", Phrase("raju"), "write", Phrase("letter", "plural"), negative=True),
        "Raju did not write the letters.",
        "राजू ने चिट्ठियाँ नहीं लिखीं।",
        "রাজু চিঠিগুলো লেখেনি।",
        "ராஜு கடிதங்களை எழுதவில்லை.",
        "రాజు ఉత్తరాలను రాయలేదు.",
    ),
    (
        Meaning("transitive", "past", Phrase("woman", "the"), "call", Phrase("boy", "plural"), time="last_night"),
        "The woman called the boys last night.",
        "औरत ने कल रात लड़कों को बुलाया।",
        "মহিলাটি গতকাল রাতে ছেলেদের ডেকেছিলেন।",
        "பெண் நேற்று இரவு சிறுவர்களை அழைத்தாள்.",
        "మహిళ నిన్న రాత్రి అబ్బాయిలను పిలిచింది.",
    ),
    (
        Meaning("transitive", "past", Phrase("student", "the"), "sell", Phrase("cow", "the"), force="polar"),
        "Did the student sell the cow?",
        "क्या छात्र ने गाय बेची?",
        "ছাত্রটি কি গরুটি বিক্রি করেছিল?",
        "மாணவன் பசுவை விற்றானா?",
        "విద్యార్థి ఆవును అమ్మాడా?",
    ),
    (
        Meaning("transitive", "present", Phrase("doctor", "the"), "look_at", Phrase("picture", "the", "old"), time="now", negative=True),
        "The doctor is not looking at the old picture now.",
        "डॉक्टर अभी पुरानी तस्वीर नहीं देख रहे हैं।",
        "ডাক্তার এখন পুরনো ছবিটি দেখছেন না।",
        "மருத்துவர் இப்போது பழைய படத்தைப் பார்க்கவில்லை.",
        "వైద్యుడు ఇప్పుడు పాత చిత్రాన్ని చూడడం లేదు.",
    ),
    (
        Meaning("transitive", "habitual", Phrase("bird", "plural", "small"), "eat", Phrase("banana", "a"), time="every_morning"),
        "The small birds eat a banana every morning.",
        "छोटी चिड़ियाँ हर सुबह एक केला खाती हैं।",
        "ছোট পাখিগুলো প্রতিদিন সকালে একটি কলা খায়।",
        "சிறிய பறவைகள் தினமும் காலையில் ஒரு வாழைப்பழம் சாப்பிடுகின்றன.",
        "చిన్న పక్షులు ప్రతి రోజూ ఉదయం ఒక అరటిపండు తింటాయి.",
    ),
    (
        Meaning("transitive", "future", Phrase("farmer", "plural"), "buy", Phrase("horse", "three", "white"), time="next_week"),
        "The farmers will buy three white horses next week.",
        "किसान अगले हफ़्ते तीन सफ़ेद घोड़े ख़रीदेंगे।",
        "কৃষকরা আগামী সপ্তাহে তিনটি সাদা ঘোড়া কিনবে।",
        "விவசாயிகள் அடுத்த வாரம் மூன்று வெள்ளைக் குதிரைகளை வாங்குவார்கள்.",
        "రైతులు వచ్చే వారం మూడు తెల్ల గుర్రాలను కొంటారు.",
    ),
    (
        Meaning("transitive", "past", Phrase("who"), "take", Phrase("umbrella", "the", "red"), time="this_morning", force="content"),
        "Who took the red umbrella this morning?",
        "आज सुबह लाल छाता किसने लिया?",
        "আজ সকালে লাল ছাতাটি কে নিয়েছিল?",
        "இன்று காலையில் சிவப்புக் குடையை யார் எடுத்தார்?",
        "ఈ రోజు ఉదయం ఎర్ర గొడుగును ఎవరు తీసుకున్నారు?",
    ),
    (
        Meaning("transitive", "present", Phrase("meena"), "eat", Phrase("what"), time="now", force="content"),
        "What is Meena eating now?",
        "मीना अभी क्या खा रही है?",
        "মীনা এখন কী খাচ্ছে?",
        "மீனா இப்போது என்ன சாப்பிடுகிறாள்?",
        "మీనా ఇప్పుడు ఏమి తింటోంది?",
    ),
    (
        Meaning("ditransitive", "past", Phrase("teacher", "the"), "give", Phrase("ring", "plural"), Phrase("sita")),
        "The teacher gave the rings to Sita.",
        "शिक्षक ने सीता को अँगूठियाँ दीं।",
        "শিক্ষক সীতাকে আংটিগুলো দিয়েছিলেন।",
        "ஆசிரியர் சீதாவுக்கு மோதிரங்களைக் கொடுத்தார்.",
        "ఉపాధ్యాయుడు సీతకు ఉంగరాలను ఇచ్చాడు.",
    ),
    (
        Meaning("ditransitive", "future", Phrase("leela"), "send", Phrase("clock", "a", "expensive"), Phrase("worker", "the"), time="tomorrow", force="polar"),
        "Will Leela send an expensive clock to the worker tomorrow?",
        "क्या लीला कल मज़दूर को एक महँगी घड़ी भेजेगी?",
        "লীলা কি আগামীকাল শ্রমিকটিকে একটি দামি ঘড়ি পাঠাবে?",
        "லீலா நாளை தொழிலாளிக்கு ஒரு விலையுயர்ந்த கடிகாரம் அனுப்புவாளா?",
        "లీల రేపు కార్మికుడికి ఒక ఖరీదైన గడియారం పంపుతుందా?",
    ),
    (
        Meaning("intransitive", "habitual", Phrase("girl", "plural"), "work", place="shop", direction="at", time="every_day", negative=True),
        "The girls do not work at the shop every day.",
        "लड़कियाँ हर दिन दुकान में काम नहीं करतीं।",
        "মেয়েরা প্রতিদিন দোকানে কাজ করে না।",
        "சிறுமிகள் தினமும் கடையில் வேலை செய்வதில்லை.",
        "అమ్మాయిలు ప్రతి రోజూ దుకాణంలో పని చేయరు.",
    ),
    (
        Meaning("intransitive", "past", Phrase("boy", "two"), "sing", place="garden", direction="at", manner="happily", time="last_week"),
        "Two boys sang happily in the garden last week.",
        "दो लड़कों ने पिछले हफ़्ते बगीचे में ख़ुशी से गाना गाया।",
        "দুটি ছেলে গত সপ্তাহে বাগানে আনন্দে গান করেছিল।",
        "இரண்டு சிறுவர்கள் கடந்த வாரம் தோட்டத்தில் மகிழ்ச்சியாகப் பாடினார்கள்.",
        "ఇద్దరు అబ్బాయిలు పోయిన వారం తోటలో సంతోషంగా పాడారు.",
    ),
    (
        Meaning("intransitive", "future", Phrase("dog", "plural"), "sleep", place="home", direction="at", time="tomorrow_morning", force="polar"),
        "Will the dogs sleep at home tomorrow morning?",
        "क्या कुत्ते कल सुबह घर पर सोएँगे?",
        "কুকুরগুলো কি আগামীকাল সকালে বাড়িতে ঘুমাবে?",
        "நாய்கள் நாளை காலையில் வீட்டில் தூங்குமா?",
        "కుక్కలు రేపు ఉదయం ఇంట్లో నిద్రపోతాయా?",
    ),
    (
        Meaning("motion", "past", Phrase("hari"), "go", place="market", direction="to", time="yesterday", negative=True),
        "Hari did not go to the market yesterday.",
        "हरि कल बाज़ार नहीं गया।",
        "হরি গতকাল বাজারে যায়নি।",
        "ஹரி நேற்று சந்தைக்குச் செல்லவில்லை.",
        "హరి నిన్న బజారుకు వెళ్ళలేదు.",
    ),
    (
        Meaning("motion", "future", Phrase("cow", "the"), "return", place="field", direction="from", negative=True),
        "The cow will not return from the field.",
        "गाय खेत से वापस नहीं आएगी।",
        "গরুটি মাঠ থেকে ফিরে আসবে না।",
        "பசு வயலிலிருந்து திரும்பி வராது.",
        "ఆవు పొలం నుండి తిరిగి రాదు.",
    ),
    (
        Meaning("motion", "past", Phrase("woman", "plural"), "go", place="where", direction="to", time="yesterday", force="content"),
        "Where did the women go yesterday?",
        "औरतें कल कहाँ गईं?",
        "মহিলারা গতকাল কোথায় গিয়েছিলেন?",
        "பெண்கள் நேற்று எங்கே சென்றார்கள்?",
        "మహిళలు నిన్న ఎక్కడికి వెళ్ళారు?",
    ),
    (
        Meaning("location", "present", Phrase("egg", "plural"), place="in_box", direction="at", time="now", negative=True),
        "The eggs are not in the box now.",
        "अंडे अभी बक्से में नहीं हैं।",
        "ডিমগুলো এখন বাক্সে নেই।",
        "முட்டைகள் இப்போது பெட்டியில் இல்லை.",
        "గుడ్లు ఇప్పుడు పెట్టెలో లేవు.",
    ),
    (
        Meaning("state", "past", Phrase("girl", "the", "tall"), predicate="alone", time="last_night"),
        "The tall girl was alone last night.",
        "लंबी लड़की कल रात अकेली थी।",
        "লম্বা মেয়েটি গতকাল রাতে একা ছিল।",
        "உயரமான சிறுமி நேற்று இரவு தனியாக இருந்தாள்.",
        "పొడవైన అమ్మాయి నిన్న రాత్రి ఒంటరిగా ఉంది.",
    ),
    (
        Meaning("state", "future", Phrase("student", "plural"), predicate="ready", time="soon", force="polar"),
        "Will the students be ready soon?",
        "क्या छात्र जल्द ही तैयार रहेंगे?",
        "ছাত্ররা কি শীঘ্রই প্রস্তুত থাকবে?",
        "மாணவர்கள் விரைவில் தயாராக இருப்பார்களா?",
        "విద్యార్థులు త్వరలో సిద్ధంగా ఉంటారా?",
    ),
    (
        Meaning("quality", "past", Phrase("bag", "plural", "black"), predicate="heavy", degree="very"),
        "The black bags were very heavy.",
        "काले थैले बहुत भारी थे।",
        "কালো ব্যাগগুলো খুব ভারী ছিল।",
        "கருப்புப் பைகள் மிகவும் கனமாக இருந்தன.",
        "నల్ల సంచులు చాలా బరువుగా ఉండేవి.",
    ),
    (
        Meaning("quality", "present", Phrase("car", "the"), predicate="clean", negative=True),
        "The car is not clean.",
        "गाड़ी साफ़ नहीं है।",
        "গাড়িটি পরিষ্কার নয়।",
        "கார் சுத்தமாக இல்லை.",
        "కారు శుభ్రంగా లేదు.",
    ),
    (
        Meaning("possession", "present", Phrase("ravi"), object=Phrase("hat", "four"), time="now"),
        "Ravi has four hats now.",
        "रवि के पास अभी चार टोपियाँ हैं।",
        "রবির কাছে এখন চারটি টুপি আছে।",
        "ரவியிடம் இப்போது நான்கு தொப்பிகள் இருக்கின்றன.",
        "రవి దగ్గర ఇప్పుడు నాలుగు టోపీలు ఉన్నాయి.",
    ),
    (
        Meaning("possession", "past", Phrase("doctor", "the"), object=Phrase("doll", "the"), time="yesterday", negative=True),
        "The doctor did not have the doll yesterday.",
        "डॉक्टर के पास कल गुड़िया नहीं थी।",
        "ডাক্তারের কাছে গতকাল পুতুলটি ছিল না।",
        "மருத்துவரிடம் நேற்று பொம்மை இருக்கவில்லை.",
        "వైద్యుడి దగ్గర నిన్న బొమ్మ లేదు.",
    ),
]
# fmt: on

DIGESTS = {
    "hi": "03e66e7bf5e9cb436bb6c029ed20cad76e41cdb7e4ac8dc0716d1aa30ed64c12",
    "bn": "37ae8f61326f079d412a6b76af14f6b103e48c76748a1672b6edd43ca41b9bc7",
    "ta": "34e53d986efaf47183a7743aa6907d917c8f0358131787b10c459b40531ac530",
    "te": "661082c8d843c59e76f154fda57bb87d6c8a0d38f92329938ee9d8d4cdcd8a8b",
    "de": "5945f4b3771c66125147e6da81f24b85e6335008a3f603d7df525732f9c9de76",
    "fr": "feebe4457ff6a8b71a46e6b825e6b215ab182c4a23249d0bd001463911fe8887",
    "ja": "e53ac56baa7ab1998de4871ab2a52d4e7ec942d0337e7c630b3c9b6f9e272306",
    "zh": "f00cd7f047b784a42b0def0624d326f0c1c6bdc9e31cd016d8d543988af7adba",
    "ar": "2a47904aeea7a54ea13e4ab6d6c4166f8c980ea302712506bc7ca32c06045150",
    "it": "a6e5fd2fa8ae17b8e47b79676cd10e82e30dc446bf1b02c7848f0a6fe44c952d",
    "nl": "0c8f003abfe650050fdf09f3a4000660979d6f1ffcdfb4a3b2c277618cefe6e9",
    "ru": "b8e95fbdc712bc6d5037f087f470f96458e890a6a9ef6f1e144eaf6a6126cb6c",
    "es": "5608b50d11ec403a4abc5d278afe5f08c6e3ba2cacf4d0d606a2f961151b7ac7",
    "tr": "1bd449f49b6b8fedfb191aac50967ed497ddd81ff2f6f7469013d2d43f0751be",
}


# What ends a statement and a question.
STOPS = {"hi": "।?", "bn": "।?", "ja": "。？", "zh": "。？", "ar": ".؟"}
# What stands between letters.
MARKS = {"hi": " -", "fr": " -'\u202f", "ja": "、", "es": " ¿"} | dict.fromkeys(
    ("it", "nl", "tr"), " '"
)


@pytest.mark.parametrize("row", PINNED, ids=[row[1] for row in PINNED])
def test_sentences_checked_by_hand(row):
    meaning, *expected = row
    assert [render(meaning, language) for language in LANGUAGES[:5]] == expected


@pytest.mark.parametrize("language", LANGUAGES[5:])
def test_sentences_of_further_languages_checked_by_hand(language, pinned):
    """Files of their own, by the English sentence: pinned/{language}.yaml."""
    expected = pinned(language)["sentences"]
    assert {row[1]: render(row[0], language) for row in PINNED} == expected


@pytest.mark.parametrize("target", sorted(DIGESTS))
def test_the_first_thousand_rows_never_change(target):
    lines = (
        json.dumps(row, ensure_ascii=False) + "\n" for row in rows("en", target, "train", 1000, 1)
    )
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == DIGESTS[target]


def test_splits_differ_in_content_not_just_in_number_or_tense():
    for meaning, *_ in PINNED:
        shifted = Meaning.from_json({**meaning.as_json(), "tense": "future", "time": "soon"})
        assert split_of(shifted) == split_of(meaning)


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_in_their_script_and_end_in_their_punctuation(language):
    scripts = languages.scripts(language)
    stop, asking = STOPS.get(language, ".?")
    for meaning in sample("train", 3000, 5):
        text = render(meaning, language)
        assert unicodedata.is_normalized("NFC", text)
        assert text[-1] == (stop if meaning.force == "statement" else asking)
        if language in ("ja", "zh"):
            assert not any(map(str.isspace, text)) and 4 <= len(text) <= 40
        else:
            assert "  " not in text and 2 <= len(text.split()) <= 16
        letters = text[:-1].translate(dict.fromkeys(map(ord, MARKS.get(language, " "))))
        assert all(unicodedata.name(letter).startswith(scripts) for letter in letters)


def test_broken_agreement_changes_the_verb_alone():
    girls = Meaning(
        "motion",
        "past",
        Phrase("girl", "plural"),
        "go",
        place="city",
        direction="to",
        time="yesterday",
    )
    assert hi.sentence(girls, agrees="mp") == "लड़कियाँ कल शहर गए।"
    assert ta.sentence(girls, agrees="n") == "சிறுமிகள் நேற்று நகரத்திற்குச் சென்றது."
    assert te.sentence(girls, agrees="m") == "అమ్మాయిలు నిన్న నగరానికి వెళ్ళాడు."
    assert bn.sentence(girls, agrees="h") == "মেয়েরা গতকাল শহরে গিয়েছিলেন।"
    ready = Meaning("state", "present", Phrase("girl", "plural"), predicate="ready", time="now")
    assert en.sentence(ready, agrees="one") == "The girls is ready now."
    assert ru.sentence(girls, agrees="m") == "Девочки вчера пошёл в город."
    assert ar.sentence(girls, agrees="mm") == "البنات ذهبوا إلى المدينة أمس."
    assert nl.sentence(girls, agrees="one") == "De meisjes is gisteren naar de stad gegaan."
    assert it.sentence(girls, agrees="one") == "Le ragazze è andata in città ieri."
    assert es.sentence(girls, agrees="one") == "Las chicas fue a la ciudad ayer."
    assert tr.sentence(girls, agrees="one") == "Kızlar dün şehre gitti."
    assert de.sentence(girls, agrees="one") == "Die Mädchen ist gestern in die Stadt gegangen."
    assert fr.sentence(girls, agrees="one") == "Les filles est allée en ville hier."


def test_mistakes_are_named_at_once():
    with pytest.raises(ValueError, match="'xx'; it has en, hi, bn, ta, te, de, fr, ja, zh, ar, it"):
        render(PINNED[0][0], "xx")
    with pytest.raises(ValueError, match="no grammar for 'xx'"):
        rows("en", "xx", "train", 1, 1)
    with pytest.raises(ValueError, match="unknown split 'valid'; use train, dev, test"):
        sample("valid", 1, 1)
    with pytest.raises(ValueError, match=f"which has {count('dev')}"):
        sample("dev", count("dev") + 1, 1)
    with pytest.raises(ValueError, match="asked for -1"):
        sample("dev", -1, 1)
