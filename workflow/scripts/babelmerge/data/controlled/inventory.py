"""What can be said: lexeme classes and which lexemes go together. Knows no language.

Ids are English words for the reader's sake; their forms are in ``languages``.
"""

NAMES = ("ravi", "raju", "hari", "meena", "sita", "leela")
PERSONS = ("boy", "girl", "woman", "farmer", "worker", "student")
# Languages with honorific agreement give these one form for 'the teacher' and 'the teachers'.
RESPECTED = ("teacher", "doctor")
ANIMALS = ("dog", "cat", "cow", "horse", "bird")
TEXTS = ("letter", "story")
FOODS = ("banana", "egg", "orange")
CARRIED = ("book", "picture", "bag", "box", "clock", "shirt", "hat", "ball", "umbrella", "ring")
THINGS = (*CARRIED, "doll", "chair", "car")
HUMANS = (*NAMES, *PERSONS, *RESPECTED)
SMALL_THINGS = (*CARRIED, "doll", "letter", *FOODS)

CLASS = {
    noun: kind
    for kind, nouns in {
        "name": NAMES,
        "person": PERSONS,
        "respected": RESPECTED,
        "animal": ANIMALS,
        "text": TEXTS,
        "food": FOODS,
        "thing": THINGS,
        "wh": ("who", "what"),
    }.items()
    for noun in nouns
}

TRANSITIVE = {
    "read": ("book", *TEXTS),
    "write": ("book", *TEXTS),
    "buy": (*THINGS, *FOODS, *ANIMALS),
    "sell": (*THINGS, *FOODS, *ANIMALS),
    "take": SMALL_THINGS,
    "look_at": (*HUMANS, *ANIMALS, *THINGS, "letter", *FOODS),
    "eat": FOODS,
    "call": HUMANS,
}
DITRANSITIVE = {
    "give": (*CARRIED, "doll", "letter", *FOODS),
    "send": (*CARRIED, "doll", "letter"),
}
INTRANSITIVE = ("sleep", "play", "work", "cook", "sing", "laugh")
# Each goes one way, so that 'where' has one meaning.
MOTION = (("go", "to"), ("come", "to"), ("come", "from"), ("return", "from"))
# Done to a thing once: as a habit it takes another thing every time ('buys an egg every day').
ONCE = ("write", "buy", "sell", "eat", "give", "send")
ANIMALS_DO = ("look_at", "eat", "sleep", "play", "go", "come", "return")
SITES = (
    *("market", "school", "garden", "village", "city", "forest"),
    *("shop", "hospital", "library", "field", "home"),
)
# Where animals are, do things, and go.
PASTURES = ("market", "garden", "village", "city", "forest", "field", "home")
SPOTS = ("on_table", "under_table", "on_chair", "under_chair", "in_box", "in_bag")
MANNERS = {
    "work": ("slowly", "quickly"),
    "cook": ("slowly", "quickly"),
    "play": ("happily",),
    "sing": ("happily", "slowly"),
    "go": ("slowly", "quickly"),
    "come": ("slowly", "quickly"),
    "return": ("slowly", "quickly"),
}
ATTRIBUTES = {
    "person": ("tall", "clever", "poor", "good"),
    "animal": ("big", "small", "white", "black", "beautiful"),
    "text": ("new", "old"),
    "food": ("big", "small"),
    "thing": (
        *("big", "small", "new", "old", "red", "white"),
        *("black", "beautiful", "expensive", "cheap"),
    ),
}
QUALITIES = {
    "thing": (*ATTRIBUTES["thing"], "heavy", "clean", "dirty"),
    "food": ("big", "small", "expensive", "cheap"),
}
# An attribute and a predicate of one kind make a contradiction or a tautology.
KINDS = (("big", "small"), ("new", "old"), ("red", "white", "black"), ("expensive", "cheap"))
STATES = ("happy", "sad", "ready", "alone", "healthy", "safe", "calm")

DEFINITE = {
    "name": ("none",),
    "person": ("the", "plural"),
    "respected": ("the",),
    "animal": ("the", "plural"),
    "text": ("the", "plural"),
    "food": ("the", "plural"),
    "thing": ("the", "plural"),
    "wh": ("none",),
}
NUMERALS = ("two", "three", "four")
TIMES = {
    "habitual": ("every_day", "every_morning", "every_evening", "every_week"),
    "present": ("now",),
    "past": ("yesterday", "last_night", "this_morning", "last_week"),
    "future": ("tomorrow", "tomorrow_morning", "next_week", "soon"),
}
GRADED = ("big", "small", "old", "beautiful", "expensive", "cheap", "heavy", "clean", "dirty")
