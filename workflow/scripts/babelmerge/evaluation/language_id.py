"""Is an output in the language that was asked for? Offline, by script first, then by py3langid.

Takes texts and language codes; reads no file of ours. py3langid (its model lies inside the package)
is imported only where two languages share a script. Answers are True, False, or None: too little
text to tell, which callers count apart.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from babelmerge.words import languages

MAJORITY = 0.5  # a text is in a language's script when at least this share of its letters is
MARGIN = 0.1  # scripts within this share of the best are not told apart by script: quoted names
# A sentence of FLORES has half to a third as many letters in these scripts as in the others, so
# that a Latin name or two would outvote a whole sentence around them.
WEIGHT = {"CJK": 2, "HIRAGANA": 2, "KATAKANA": 2}
MIN_LETTERS = {"CJK": 4}  # fewer letters than this say nothing about the language …
MIN_LETTERS_ELSEWHERE = 12  # … in alphabets, where a character carries less
MIN_PROBABILITY = 0.8  # of py3langid, over the candidates
PREFIXES = {"FULLWIDTH", "HALFWIDTH", "SUPERSCRIPT", "SUBSCRIPT", "PRESENTATION"}
SAME = {"KATAKANA-HIRAGANA": "KATAKANA", "IDEOGRAPHIC": "CJK", "VERTICAL": "CJK"}
INHERITED = {"COMBINING", "MODIFIER", "VARIATION", "MICRO", "FEMININE", "MASCULINE"}


@lru_cache(maxsize=100_000)
def _script(character: str) -> str | None:
    """Script of a letter or a mark on one (first word of its Unicode name); None for the rest."""
    if unicodedata.category(character)[0] not in "LM":
        return None
    words = unicodedata.name(character, "UNNAMED").split()
    word = words[1] if words[0] in PREFIXES and len(words) > 1 else words[0]
    return None if word in INHERITED else SAME.get(word, word)


def script_counts(text: str) -> Counter:
    """How many letters (and marks on letters) of each script a text has.

    Digits, punctuation, the danda and symbols count for no script. Scripts are named
    as in `languages.SCRIPTS`.
    """
    counts = Counter()
    for character, count in Counter(text).items():
        script = _script(character)
        if script is not None:
            counts[script] += count
    return counts


@lru_cache(maxsize=64)
def _identifier(codes: tuple[str, ...]):
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(codes))
    return identifier


def is_language(text: str, code: str, candidates: Iterable[str]) -> bool | None:
    """Whether a text is in language `code` rather than in another of `candidates`.

    1. No letters at all: None. 2. Under half of the letters in the scripts of `code` (Han and kana
    count twice, see WEIGHT): False.
    3. Candidates whose scripts cover the text as well as the best (within 0.1) remain: kana leave
    Japanese but not Chinese, Han alone leaves both. `code` not among them: False; alone: True.
    4. Otherwise py3langid among those that remain; None below 12 letters (4 in Han script) or
    when its best guess has a probability under 0.8.
    """
    counts = script_counts(text)
    if not counts:
        return None
    codes = sorted({code, *candidates})
    if not languages.NAMES.keys() >= set(codes):
        return None  # neither its script nor py3langid's code for it is known
    weights = Counter({script: n * WEIGHT.get(script, 1) for script, n in counts.items()})
    total = weights.total()
    covered = {c: sum(weights[s] for s in languages.scripts(c)) / total for c in codes}
    if covered[code] < MAJORITY:
        return False
    best = max(covered.values())
    left = tuple(c for c in codes if covered[c] >= best - MARGIN)
    if code not in left or len(left) == 1:
        return code in left
    return _identified(text, code, left, counts)


def _identified(text: str, code: str, left: tuple[str, ...], counts: Counter) -> bool | None:
    script = counts.most_common(1)[0][0]
    if counts.total() < MIN_LETTERS.get(script, MIN_LETTERS_ELSEWHERE):
        return None
    found, probability = _identifier(left).classify(text)
    return found == code if probability >= MIN_PROBABILITY else None


def off_target(
    text: str, target_language: str, candidates: Iterable[str] = tuple(languages.NAMES)
) -> bool | None:
    """Whether an output misses its target language; an empty output does, None is undecided.

    `candidates`: the languages that a model may answer in, a study's languages at best: the fewer
    share the target's script, the surer the answer.
    """
    if not text.strip():
        return True
    answer = is_language(text, target_language, candidates)
    return None if answer is None else not answer
