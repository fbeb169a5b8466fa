"""Chat templates with and without names are the same wherever a folder has them."""

import json

import jinja2
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoTokenizer

from babelmerge.models.dialect import conventions, templates

BOTH = {"default": "{{ x }}", "tool_use": "{{ tool }}"}
FORMS = ["jinja", "list", "list in json", "mixed"]


def model(folder, form, found, end="</s>"):
    """A folder with templates in one of the forms."""
    folder.mkdir()
    listed = [{"name": name, "template": text} for name, text in found.items()]
    config = {"eos_token": end, "tokenizer_class": "PreTrainedTokenizerFast"}
    if form in ("jinja", "mixed"):  # of which the files count
        templates.put(folder, found)
    if form == "list in json":
        (folder / "chat_template.json").write_text(json.dumps({"chat_template": listed}))
    if form in ("list", "mixed"):
        said = listed if form == "list" else "{{ old }}"
        config["chat_template"] = said
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "config.json").write_text("{}")
    return folder


@pytest.mark.parametrize("ours", FORMS)
@pytest.mark.parametrize("theirs", FORMS)
def test_the_same_templates_are_no_difference_and_another_is_told_by_name(tmp_path, ours, theirs):
    folders = {"base": model(tmp_path / "a", ours, BOTH), "hi": model(tmp_path / "b", theirs, BOTH)}
    assert conventions.said(folders) == []
    for name, said in (("tool_use", "another chat template for tool_use"), ("rag", "for rag, the")):
        folders["hi"] = model(tmp_path / name, theirs, {**BOTH, name: "{{ other }}"})
        assert said in conventions.said(folders)[0]


@pytest.mark.parametrize("ours", FORMS)
@pytest.mark.parametrize("theirs", FORMS)
def test_all_of_an_expert_s_are_taken_and_none_of_the_base_s_stays(tmp_path, ours, theirs):
    made = model(tmp_path / "made", ours, {**BOTH, "rag": "{{ rag }}"})
    expert = model(tmp_path / "hi", theirs, {"default": "{{ new }}\n", "tool_use": "é\r\n"})
    conventions.take(expert, made, lambda id_: id_)
    found = templates.read(made, json.loads((made / "tokenizer_config.json").read_text()))
    assert found == {"default": "{{ new }}\n", "tool_use": "é\r\n"}
    assert templates.KEY not in json.loads((made / "tokenizer_config.json").read_text())


@pytest.mark.parametrize("form", FORMS)
def test_what_is_read_is_what_transformers_reads(tmp_path, form):
    folder = model(tmp_path / "m", form, BOTH)
    Tokenizer(WordLevel({"a": 0}, "a")).save(str(folder / "tokenizer.json"))
    if form != "list in json":  # which is a processor's
        assert AutoTokenizer.from_pretrained(folder).chat_template == BOTH


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_line_breaks_are_as_jinja_has_them(end):
    for text in ("{{ x }}", "a\nb", "a\r\nb\n"):
        for other in ("{{ x }}", "a\nb", "a\n\nb", "a\nb\n\n", "a\r\nb\n"):
            left, right = (jinja2.Template(one).render(x=1) for one in (text + end, other))
            assert templates.are_one(text + end, other) == (left == right)
    assert templates.are_one(None, None) and not templates.are_one(None, "")


@pytest.mark.parametrize("name", ["../../out", "a/b", ".hidden", "\x1b[2J"])
def test_a_name_that_is_no_file_s_is_refused(tmp_path, name):
    folder = model(tmp_path / "m", "list", {**BOTH, name: "x"})
    with pytest.raises(ValueError, match="m: has a chat template called .*letters and digits") as e:
        conventions.read(folder)
    assert str(e.value).isprintable()
