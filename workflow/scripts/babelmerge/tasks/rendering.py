"""Rows become texts: prompts as a template says, the examples before them, and what follows them.

Takes a row and a template; a tokenizer only for its chat template. `prompts` makes tokens of it.
"""

import re
from collections.abc import Mapping

from babelmerge.tasks.kind import ROLES, SPACE
from babelmerge.tasks.reading import lettered
from babelmerge.words import languages
from babelmerge.words.showing import shown

PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Keys of a row that no placeholder stands for: what is to be answered, and what names the row and
# its data set.
SILENT = ("id", "dataset", "source_language_name", "target_language_name", "target", "shots")
BETWEEN = "\n\n"  # behind each example that is shown before an item


def written(rows, template: str, tokenizer, chat: bool) -> list[tuple[str, tuple[int, int]]]:
    """The text of each prompt, and the source's character span in it."""
    rendered = [render_prompt(row, template) for row in rows]
    if chat:
        rendered = [wrap_chat(prompt, span, tokenizer) for prompt, span in rendered]
    return rendered


def render_prompt(row: Mapping[str, str], template: str) -> tuple[str, tuple[int, int]]:
    """Fill `template` with a row; returns the prompt and the source's character span in it.

    Placeholders: {source_language}, {target_language} (English names), {source_code},
    {target_code}, {source}, of rows in one language {language}, and the further fields that a row
    of its kind has, a list of texts as lines "A. text"; anything else in the template, and all of
    the source, is literal. {space} at the end belongs to the answer
    (`answer_text`). A row may name its languages itself by the keys source_language_name and
    target_language_name. Its `shots` are examples, each with the row's fields: their prompts and
    answers come first. An empty template is no prompt.
    Raises ValueError when the template does not hold {source} exactly once.
    """
    if not template:
        return "", (0, 0)
    if template.count("{source}") != 1:
        raise ValueError(
            f"prompt template {shown(template)} has {template.count('{source}')} times {{source}}; "
            "it must hold it exactly once"
        )
    values, plain = _values(row), template.removesuffix(SPACE)
    head, tail = (_fill(part, values) for part in plain.split("{source}"))
    head = "".join(_example(row, shot, template) for shot in row.get("shots", ())) + head
    return head + row["source"] + tail, (len(head), len(head) + len(row["source"]))


def _example(row: Mapping, shot: Mapping, template: str) -> str:
    """Another row with its answer, as it is shown before a row."""
    text, _ = render_prompt({**row, **shot, "shots": ()}, template)
    return text + answer_text(shot["target"], template) + BETWEEN


def _values(row: Mapping[str, str]) -> dict[str, str]:
    """What placeholders stand for in a row, but for the source."""
    fields = {key: _shown(value) for key, value in row.items() if key not in SILENT}
    sides = {side: _language(row, side) for side in ROLES}
    if row["source_language"] == row["target_language"]:
        fields["language"] = sides["source"]["language"]
    return fields | {f"{side}_{key}": v for side, own in sides.items() for key, v in own.items()}


def _shown(value: str | list[str]) -> str:
    return value if isinstance(value, str) else lettered(value)


def _language(row: Mapping[str, str], side: str) -> dict[str, str]:
    code = row[f"{side}_language"]
    name = row.get(f"{side}_language_name") or languages.NAMES.get(code, code)
    return {"language": name, "code": code}


def _fill(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def wrap_chat(prompt: str, span: tuple[int, int], tokenizer) -> tuple[str, tuple[int, int]]:
    """The prompt as a single user turn in the tokenizer's chat template, and the moved span.

    No system message of ours; a template may bring its own. Templates that strip the user's
    turn are followed. Raises ValueError when there is no template or it changes the prompt.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise ValueError(
            "the tokenizer has no chat template; set chat: false for this base, "
            "or take a base that has one"
        )
    turns = [{"role": "user", "content": prompt}]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    kept = prompt if prompt in text else prompt.strip()
    start = text.rfind(kept)
    if not kept or start < 0:
        raise ValueError(
            f"the chat template rewrites the prompt {shown(prompt)}, so the source cannot be "
            "located; set chat: false or use a template that keeps the user's text"
        )
    lead = 0 if kept == prompt else len(prompt) - len(prompt.lstrip())
    low, high = (min(max(edge - lead, 0), len(kept)) + start for edge in span)
    return text, (low, high)


def answer_text(text: str, template: str) -> str:
    """What follows a prompt: behind a template that ends with {space} it begins with one."""
    return f" {text}" if template.endswith(SPACE) else text
