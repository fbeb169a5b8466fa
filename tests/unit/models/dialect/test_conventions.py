"""Chat templates, end tokens and generation defaults: compared, told, and taken where asked."""

import json

import pytest

from babelmerge.models.dialect import conventions


def model(folder, template=None, end="</s>", ends=2, form="jinja", **generation):
    folder.mkdir(parents=True)
    config = {"eos_token": end}
    if template and form == "config":
        config["chat_template"] = template
    elif template and form == "list":
        named = [{"name": "tool", "template": "t"}, {"name": "default", "template": template}]
        config["chat_template"] = named
    elif template:
        text = template if form == "jinja" else json.dumps({"chat_template": template})
        (folder / f"chat_template.{form}").write_text(text)
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "config.json").write_text(json.dumps({"eos_token_id": 2, "vocab_size": 9}))
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": ends, **generation}))
    return folder


@pytest.mark.parametrize("form", ["jinja", "json", "config", "list"])
def test_a_template_is_one_wherever_it_lies(tmp_path, form):
    same = model(tmp_path / "b", "{{ x }}", form=form, ends=[2])
    folders = {"base": model(tmp_path / "a", "{{ x }}"), "hi": same}
    assert conventions.said(folders) == []


def test_what_differs_is_told_once_for_all_who_have_it_and_offered(tmp_path):
    tuned = {"template": "{{ x }}", "end": "<|end|>", "ends": [7, 2], "temperature": 0.6}
    folders = {"base": model(tmp_path / "base", temperature=1.0)}
    folders |= {id_: model(tmp_path / id_, **tuned) for id_ in ("hi", "bn")}
    told = conventions.said(folders)
    assert told[:-1] == [
        "hi and bn: has a chat template, the base none",
        "hi and bn: ends with '<|end|>', the base with '</s>'",
        "hi and bn: stops at 2, 7, the base at 2",
        "hi and bn: has generation defaults of its own (temperature 0.6 for 1.0)",
    ]
    assert "--chat-template hi" in told[-1]
    assert conventions.said(folders, "bn")[-1].endswith("are those of bn")
    bare = tmp_path / "adapter"
    bare.mkdir()
    assert conventions.said({"base": folders["base"], "lora": bare}) == []


def test_those_of_an_expert_are_taken_by_the_ids_of_the_result(tmp_path):
    made = model(tmp_path / "made", "old", form="config")
    expert = model(tmp_path / "hi", "new", "<|end|>", [7, 2], pad_token_id=7, top_p=0.9)
    conventions.take(expert, made, lambda id_: {7: 5}.get(id_, id_))
    found = conventions.read(made)
    assert (found.template, found.end, found.ends) == ("new", "<|end|>", (5, 2))
    assert found.generation == {"pad_token_id": 5, "top_p": 0.9}
    assert json.loads((made / "config.json").read_text())["eos_token_id"] == [5, 2]


def test_what_is_taken_is_all_of_it(tmp_path):
    """An expert without generation defaults has none, whatever lay there; none is no token."""
    made = model(tmp_path / "made", "old", temperature=0.1, pad_token_id=3)
    expert = model(tmp_path / "hi", "new", ends=[7, 2])
    (expert / "generation_config.json").unlink()
    said = {"eos_token_id": [7, 2], "pad_token_id": -1, "bos_token_id": 7}
    (expert / "config.json").write_text(json.dumps(said))
    (expert / "additional_chat_templates").mkdir()
    (expert / "additional_chat_templates/tool.jinja").write_text("{{ tool }}")
    (made / "additional_chat_templates").mkdir()
    (made / "additional_chat_templates/rag.jinja").write_text("{{ rag }}")
    conventions.take(expert, made, lambda id_: {7: 5}.get(id_, id_))
    found = conventions.read(made)
    assert found.ends == (5, 2) and found.generation == {"pad_token_id": -1, "bos_token_id": 5}
    assert [one.name for one in (made / "additional_chat_templates").iterdir()] == ["tool.jinja"]


def test_an_adapter_leaves_what_it_has_nothing_on_to_its_base(tmp_path):
    made, adapter = model(tmp_path / "made", "old", temperature=0.1), tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}))
    conventions.take(adapter, made, lambda id_: id_)
    found = conventions.read(made)
    assert found == ("old", "<|end|>", (2,), {"temperature": 0.1})
    (adapter / "chat_template.jinja").write_text("new")
    conventions.take(adapter, made, lambda id_: id_)
    assert conventions.read(made) == ("new", "<|end|>", (2,), {"temperature": 0.1})


def test_defaults_that_change_no_text_are_no_difference(tmp_path):
    plain = {"use_cache": True, "output_scores": False, "return_dict_in_generate": True}
    folders = {"base": model(tmp_path / "a"), "hi": model(tmp_path / "b", **plain, pad_token_id=1)}
    assert "defaults of its own (pad_token_id 1 for nothing)" in conventions.said(folders)[0]
    (tmp_path / "a/config.json").write_text(json.dumps({"eos_token_id": 2, "pad_token_id": 1}))
    assert conventions.said(folders) == []


@pytest.mark.parametrize("ends", [[[1]], ["</s>", 2], {"a": 1}, 2.5, [True]])
def test_ends_that_are_no_numbers_are_refused_by_name(tmp_path, ends):
    folders = {"base": model(tmp_path / "a"), "hi": model(tmp_path / "b", ends=ends)}
    with pytest.raises(ValueError, match="b: eos_token_id in generation_config.json.*number of a"):
        conventions.said(folders)


def test_a_template_that_is_no_text_is_refused_by_name(tmp_path):
    folder = model(tmp_path / "a", "{{ x }}")
    (folder / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"a/chat_template.jinja: found .*expected text in UTF-8"):
        conventions.read(folder)
