"""What the languages share that begin a sentence with a capital letter: it, and joining two.

Holds no words.
"""


def capital(text: str) -> str:
    """Text with its first letter as a capital; as it is in a script that has none."""
    return text[0].upper() + text[1:]


def plain(sentence: str) -> str:
    """A sentence that begins with an article, as a part of a longer one."""
    return sentence[0].lower() + sentence[1:].rstrip(".")


def joined(first: str, conjunction: str, clause: str) -> str:
    """A sentence that goes on: a conjunction, and a clause without capital and full stop."""
    return f"{first[:-1]}, {conjunction} {clause}."
