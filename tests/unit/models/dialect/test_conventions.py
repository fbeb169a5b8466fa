"""Chat templates, end tokens and generation defaults: compared, told, and taken where asked."""

import json

import pytest
from transformers import GenerationConfig

from babelmerge.models.dialect import conventions


def model(folder, template=None, end="</s>", ends=2, form="jinja", **generation):
    folder.mkdir(parents=True)
    config = {"eos_token": end}
    if template and form == "config":
        config["chat_template"] = template
    elif template and form == "list":
        config["chat_template"] = [{"name": "default", "template": template}]
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
    assert found.templates == {"default": "new"}
    assert (found.end, found.ends) == ("<|end|>", (5, 2))
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
    assert found == ({"default": "old"}, "<|end|>", (2,), {"temperature": 0.1})
    (adapter / "chat_template.jinja").write_text("new")
    conventions.take(adapter, made, lambda id_: id_)
    assert conventions.read(made) == ({"default": "new"}, "<|end|>", (2,), {"temperature": 0.1})


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


def older(folder, part=None, **said):
    """A model as files were before generation_config.json: what it says is in config.json."""
    folder = model(folder)
    (folder / "generation_config.json").unlink()
    said = {part: said} if part else said
    (folder / "config.json").write_text(json.dumps({"eos_token_id": 2, "vocab_size": 9, **said}))
    return folder


@pytest.mark.parametrize("part", [None, "decoder", "text_config"])
@pytest.mark.parametrize("key", [*conventions.UNSAID, "max_new_tokens", "forced_eos_token_id"])
def test_defaults_of_old_stand_in_config_json_alone(tmp_path, key, part):
    tuned = older(tmp_path / "b", part, **{key: 7})
    plain = {"base": model(tmp_path / "a"), "hi": tuned}
    assert f"({key} 7 for nothing)" in conventions.said(plain)[0]
    assert conventions.said({"base": model(tmp_path / "c", **{key: 7}), "hi": tuned}) == []
    assert conventions.said({"base": older(tmp_path / "d", **{key: 7}), "hi": tuned}) == []
    beside = older(tmp_path / "e", **{key: 7})  # which is passed over where there is the other file
    (beside / "generation_config.json").write_text("{}")
    assert conventions.said({"base": model(tmp_path / "f"), "hi": beside}) == []


def test_what_counts_where_nothing_is_said_is_no_difference(tmp_path):
    said = {"num_beams": 1, "do_sample": False, "temperature": 1.0, "max_length": 20}
    folders = {"base": model(tmp_path / "a"), "hi": older(tmp_path / "b", **said)}
    assert conventions.said(folders) == []
    folders["base"] = model(tmp_path / "c", num_beams=4)
    assert "(num_beams 1 for 4)" in conventions.said(folders)[0]


def test_those_of_config_json_are_taken_whole_by_the_ids_of_the_result(tmp_path):
    said = {"num_beams": 5, "forced_bos_token_id": 7, "bad_words_ids": [[7, 1]], "vocab_size": 8}
    expert = older(tmp_path / "hi", **said)
    for name, base in {"new": model, "old": older}.items():
        made = base(tmp_path / name, max_length=3, no_repeat_ngram_size=2)
        conventions.take(expert, made, lambda id_: {7: 5}.get(id_, id_))
        assert conventions.read(made).generation == {
            "num_beams": 5,
            "forced_bos_token_id": 5,
            "bad_words_ids": [[5, 1]],
        }
        assert json.loads((made / "config.json").read_text())["vocab_size"] == 9
    with pytest.raises(ValueError, match="no 7"):
        conventions.check(expert, lambda id_: {2: 2}.get(id_) or refuse(id_))


def refuse(id_):
    raise ValueError(f"no {id_}")


def test_what_transformers_reads_of_config_json_is_known():
    neutral = GenerationConfig._get_default_generation_params()
    assert all(neutral.get(key, value) == value for key, value in conventions.UNSAID.items())
    asks = "max_length num_beams no_repeat_ngram_size forced_bos_token_id".split()
    assert {*asks} <= {*conventions.SPOKEN}
    left = {*neutral} - {*conventions.SPOKEN} - {*conventions.NOTES}
    no_texts = ("assistant", "lookbehind", conventions.OUTPUTS)  # of a helper's speed, of outputs
    assert not {key for key in left if not any(part in key for part in no_texts)}
