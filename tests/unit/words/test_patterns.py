"""Patterns of other people's: those that people write are tried, none is waited for."""

import random
import re

import pytest

from babelmerge.words import patterns

MODULES = [f"model.layers.{i}.{p}" for i in (0, 11) for p in ("self_attn.q_proj", "mlp.up_proj")]
PLAIN = [
    *("q_proj", r"layers\.\d+\..*up_proj", r"model\.layers\.(?:1[0-9]|2[0-3])\..*", "lm_head"),
    *(r".*(self_attn|mlp).*(q|up)_proj", r"^(?!.*lm_head).*(q|k|v)_proj.*$", r"[()]+x*|.*0.*"),
    *(r"(.*\.)?(layers\.11\.self_attn\.q_proj)", r"(?i:MODEL.*)", ".{3,}", r"[^]x]*", r"a\\1*"),
]
ENDLESS = [
    *("(a+)+$", "(.*)*x", r"(\w+\.?)+!", "(a|aa)+", "((a*)b?)*", r"(a)\1", r"(?P<x>a)(?P=x)"),
    *("(a+){9}", "(?:a|b)*?c", "(?>a*)*", "(a?)*", "((a{0,500}){0,500}){0,9}", "(?x)(a+ # )\n)+"),
    *("(?#()a+", ".*" * 20, r"\w*" * 7, "[a-z]+" * 9, "((.)*)*", r"(a[)]+)*"),
]


@pytest.mark.parametrize("pattern", PLAIN)
def test_what_people_write_is_looked_up_as_python_does(pattern):
    assert patterns.mistake(pattern) is None
    clock = patterns.Clock()
    for module in MODULES:
        fits = re.fullmatch(pattern, module) is not None
        assert patterns.first([pattern], module, clock) == (pattern if fits else None)


@pytest.mark.parametrize("pattern", ENDLESS)
def test_what_may_take_for_ever_is_refused(pattern):
    assert "may take for ever" in patterns.mistake(pattern)


@pytest.mark.parametrize("pattern", ["(a", "a**", "a{99999999999}", "x" * 3000, "(" * 1500])
def test_what_is_no_pattern_is_refused(pattern):
    assert "no regular expression" in (told := patterns.mistake(pattern)) or "3,000" in told


def test_the_first_that_fits_counts():
    both = ["model.*", "q_proj|.*q_proj"]
    assert patterns.first(both, MODULES[0], patterns.Clock()) == both[0]


def test_nothing_is_waited_for(monkeypatch):
    monkeypatch.setattr(patterns, "SECONDS", 0.2)
    slow, clock = r"(.*)*(.*)*[ab]?(.*)*c!", patterns.Clock(0.2)
    with pytest.raises(ValueError, match="takes too long to be looked up"):
        for number in range(100):
            patterns.first([slow], "ab" * 5000 + "c!" * 500 + str(number), clock)
    assert clock.left == 0


@pytest.mark.parametrize("length", [1, 3, 40])
def test_endings_are_those_that_each_pattern_fits_at_a_dot(length):
    """As peft has it: the first pattern that fits the end of a name, from its start or a dot on."""
    choose = random.Random(length)
    parts = ["q_proj", "self_attn", "model", "layers", "1", "11", "up_proj", r"\d+", "(q|k)_proj"]
    parts += ["1.", ".*", "x", "layers.1", "self.attn", "^model", "q_proj$"]
    for _ in range(200):
        some = [".".join(choose.choices(parts, k=choose.randint(1, 4))) for _ in range(length)]
        endings = patterns.Endings(some, patterns.Clock())
        for module in (*MODULES, "layers.1.q_proj", "q_proj", "a_q_proj", "self-attn.x"):
            fits = (p for p in some if re.fullmatch(rf"(.*\.)?({p})", module))
            assert endings.first(module) == next(fits, None)


def test_a_pattern_for_each_module_is_looked_up_and_none_is_tried(monkeypatch):
    modules = [f"model.layers.{i}.mlp.experts.{j}.up_proj" for i in range(50) for j in range(200)]
    assert not any(map(patterns.mistake, modules))
    endings = patterns.Endings(modules, patterns.Clock())
    monkeypatch.setattr(patterns, "_compiled", lambda tried: pytest.fail(f"{tried} is tried"))
    assert [endings.first(module) for module in modules] == modules
    assert len(endings._names) < 10, "a look-up for each length and places of dots"
