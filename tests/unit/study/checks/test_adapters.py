"""Adapters that the base cannot have are named while the study is read."""

import json

import made_up_adapters
import pytest
import tiny_models
from small_studies import changed, made

from babelmerge.study.checks import adapters
from babelmerge.study.grammar.yaml import StudyError
from babelmerge.study.graph import train

TRAINING = "training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4}"
LORA = TRAINING.replace("{learning", "{method: lora, lora: {r: 4, alpha: 8}, learning")
BASE = "base: {path: models/base}"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny_models.save(tiny_models.model(0), tmp_path_factory.mktemp("models") / "base")


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (
            "r: 4",
            "r: 4, targets: [q_proj, vproj]",
            ["targets: found 'vproj' for", "'v_proj'?"],
        ),
        ("r: 4", "r: 17", ["training.lora.r: found 17 for experts/", "at most 16", "k_proj"]),
        ("r: 4", "r: 33, targets: q_proj", ["r: found 33", "at most 32", "q_proj"]),
    ],
)
def test_what_a_base_in_a_folder_lacks(base, old, new, parts):
    adapters.check(_plan(base))
    with pytest.raises(StudyError) as caught:
        adapters.check(_plan(base, LORA.replace(old, new)))
    assert all(part in str(caught.value) for part in parts), caught.value


def _plan(base, training=LORA):
    text = changed(TRAINING, training).replace(BASE, f"base: {{path: {base}}}")
    return made(text)


def test_a_rank_beyond_the_sizes_of_a_base_that_is_trained_here():
    own = "base: {architecture: {model_type: llama, hidden_size: 32}, tokenizer: {hub: some/name}}"
    with pytest.raises(StudyError, match="lora.r: found 33 for experts/.*; expected at most 32"):
        adapters.check(made(changed(TRAINING, LORA.replace("r: 4", "r: 33")).replace(BASE, own)))


def test_an_adapter_of_another_base_is_told_by_its_name(tmp_path):
    model = tiny_models.model(0)
    folder, _ = made_up_adapters.write(tmp_path / "one", model, 1)
    text = changed(BASE, "base: {hub: some/base}").replace(
        "experts:\n", f"experts:\n  taken: {{of: translation/en-hi, path: {folder}}}\n"
    )
    text = text.replace("{each: translation}", "{each: translation, units: [hi-en, bn-en]}")
    for named, fits in (("some/base", True), ("some/base-chat", False)):
        config = json.loads((folder / "adapter_config.json").read_text())
        config["base_model_name_or_path"] = named
        (folder / "adapter_config.json").write_text(json.dumps(config))
        if fits:
            adapters.check(made(text))
            continue
        with pytest.raises(StudyError, match="trained on some/base-chat; expected .*some/base"):
            adapters.check(made(text))


def taken(folder, base):
    """A study that takes an adapter in, on a base."""
    own = f"experts:\n  taken: {{of: translation/en-hi, path: {folder}}}\n"
    text = changed(BASE, f"base: {base}").replace("experts:\n", own)
    return made(text.replace("{each: translation}", "{each: translation, units: [hi-en, bn-en]}"))


def test_an_adapter_from_elsewhere_is_no_baseline_beside_a_trimmed_vocabulary(tmp_path):
    folder, _ = made_up_adapters.write(tmp_path / "one", tiny_models.model(0), 1)
    full = tiny_models.save(tiny_models.model(0), tmp_path / "full")
    trimmed = changed(BASE, "base: {hub: some/base, vocabulary: {of: translation}}")
    for text, place, fits in (
        (changed(BASE, "base: {hub: some/base}"), folder, True),
        (trimmed, full, True),
        (trimmed, folder, False),
    ):
        plan = made(f"{text}\nbaselines:\n  other: {{path: {place}}}\n")
        if fits:
            adapters.check(plan)
            continue
        with pytest.raises(StudyError, match="baselines.other.path: .*adapter beside base.vocab"):
            adapters.check(plan)


ARCHITECTURE = (
    "{{architecture: {{model_type: llama, hidden_size: {}}}, tokenizer: {{hub: some/name}}}}"
)


def test_an_adapter_of_another_base_is_told_by_its_sizes(tmp_path, base):
    folder, _ = made_up_adapters.write(tmp_path / "one", tiny_models.model(0), 1)
    adapters.check(taken(folder, f"{{path: {base}}}"))
    adapters.check(taken(folder, ARCHITECTURE.format(32)))
    with pytest.raises(
        StudyError, match="experts.taken.path: .*side of 64, the base's hidden_size"
    ):
        adapters.check(taken(folder, ARCHITECTURE.format(64)))
    wide = tiny_models.config()
    wide.hidden_size = 64
    other = tiny_models.save(type(tiny_models.model(0))(wide), tmp_path / "wide")
    with pytest.raises(StudyError, match=r"q_proj is \(32, 32\), .*of the base is \(64, 64\)"):
        adapters.check(taken(folder, f"{{path: {other}}}"))


def test_targets_that_a_base_that_is_trained_here_lacks():
    for target, found in (
        ("q_proj", None),
        ("vproj", "targets: found 'vproj' for experts/.*'v_proj'"),
        ("embed_tokens", "found 'embed_tokens' for"),
        ("c_attn", "has .*down_proj"),
    ):
        lora = LORA.replace("r: 4", f"r: 4, targets: [{target}]")
        plan = made(changed(TRAINING, lora).replace(BASE, f"base: {ARCHITECTURE.format(32)}"))
        if found is None:
            adapters.check(plan)
        else:
            with pytest.raises(StudyError, match=found):
                adapters.check(plan)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (BASE, BASE.replace("}", ", training: {lora: {r: 1, alpha: 1}}}"), "base"),
        (TRAINING, TRAINING.replace("{l", "{lora: {r: 1, alpha: 1}, l"), "lora without method"),
        (TRAINING, TRAINING.replace("{l", "{method: lora, l"), "method lora without lora"),
        (TRAINING, TRAINING.replace("{l", "{sampling: {temperature: 0.5}, l"), "temperature"),
    ],
)
def test_settings_that_do_not_go_together(old, new, message):
    with pytest.raises(StudyError, match=message):
        made(changed(old, new))


def test_one_model_of_a_study_of_adapters_may_be_trained_whole():
    text = changed(TRAINING, LORA).replace(
        "{each: translation}", "{each: translation, training: {method: full}}"
    )
    training = made(text).models["experts/hi-en"].source.training
    assert training["method"] == "full" and "lora" not in training


def test_an_adapter_says_where_its_base_is_from_and_reads_what_it_is_told_to():
    hub = changed(TRAINING, LORA).replace(BASE, "base: {hub: some/base}")
    assert train.settings(made(hub), "experts/hi-en")["base"] == "some/base"
    whole = train.settings(made(changed(TRAINING, TRAINING)), "experts/hi-en")
    assert "base" not in whole
    assert whole["datasets"] == {"train": ["translation/hi-en"], "dev": []}


@pytest.mark.parametrize("methods", ["modern-adapters", "{knots: {density: 0.5}}"])
def test_full_models_have_no_factors(base, methods):
    group = f"many-to-one: {{members: [hi-en, bn-en], methods: {methods}}}"
    text = changed("many-to-one: [hi-en, bn-en]", group).replace(BASE, f"base: {{path: {base}}}")
    with pytest.raises(StudyError, match="groups.many-to-one: found experts/hi-en, a full model"):
        adapters.check(made(text))
    full = LORA.replace("alpha: 8", "alpha: 8, keep: full")
    with pytest.raises(StudyError, match="expected members that are adapters. Give methods"):
        adapters.check(made(text.replace(TRAINING, full)))
    adapters.check(made(text.replace(TRAINING, LORA)))
