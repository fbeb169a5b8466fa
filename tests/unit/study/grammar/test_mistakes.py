"""Mistakes in keys and values of a study: each is told with file, key and remedy."""

import pytest
from small_studies import SMALL, changed, error_of


def test_a_thousand_mistakes_are_told_in_thirty_lines(write):
    message = error_of(write(SMALL + "".join(f"k{i}: 1\n" for i in range(1000))))
    assert len(message.splitlines()) == 31 and message.endswith("more of these")


MISTAKES = {
    "unknown top key": ("title: Small", "title: S\nmethod: {}", ["'method'", "'methods'"]),
    "unknown deep key": (
        "learning_rate: 1.0e-3",
        "learning_rte: 1.0e-3",
        ["training", "'learning_rte'", "'learning_rate'"],
    ),
    "missing key": ("title: Small", "", ["no title"]),
    "wrong type": ("steps: 10", "steps: ten", ["training.steps", "'ten'", "whole number"]),
    "truth is no number": ("steps: 10", "steps: true", ["training.steps", "True"]),
    "wrong choice": (
        "steps: 10,",
        "steps: 10, scheduler: cosin,",
        ["training.scheduler", "'cosin'", "Did you mean 'cosine'"],
    ),
    "unknown language": ("bn]", "xx]", ["'xx'", "language_names: {xx: "]),
    "language twice": ("bn]", "hi]", ["twice"]),
    "no source in prompt": ('"{source}"', '"translate"', ["tasks.translation", "{source}"]),
    "unknown metric": (
        'prompt: "{source}"',
        'prompt: "{source}"\n    metrics: [blue]',
        ["'blue'", "'bleu'"],
    ),
    "unknown method": ("ties: {", "tiez: {", ["methods", "'tiez'", "'ties'"]),
    "unknown parameter": ("density:", "densty:", ["'densty'", "'density'"]),
    "bad parameter": ("[0.4, 0.8]", "[0.4, 1.8]", ["ties.density", "1.8", "(0, 1]"]),
    "empty grid": ("[0.4, 0.8]", "[]", ["ties.density", "empty list"]),
    "missing density": (
        "ties: {density: [0.4, 0.8], weight: [0.3, 0.5]}",
        "ties: {weight: 1.0}",
        ["methods.ties", "density is missing"],
    ),
    "two sources": (
        "base: {path: models/base}",
        "base: {path: models/base, hub: a/b}",
        ["base", "several sources"],
    ),
    "address of a base": (
        "base: {path: models/base}",
        "base: {hub: https://huggingface.co/google/gemma-3-270m}",
        ["base.hub", "is an address", "owner/name", "`hub: google/gemma-3-270m`"],
    ),
    "repository of three parts": (
        "{each: translation}",
        '{each: translation, hub: "a/{unit}/c"}',
        ["experts.pairs.hub", "'a/{unit}/c'", 'more than one "/"', "owner/name"],
    ),
    "space behind a tokenizer's repository": (
        "base: {path: models/base}",
        'base: {architecture: {model_type: llama}, tokenizer: {hub: "a/b "}}',
        ["base.tokenizer.hub", "'a/b '", "white space", "`hub: a/b`"],
    ),
    "address of an encoder": (
        "title: Small",
        "title: S\nevaluation: {bertscore: {hub: hf.co/a/b}}",
        ["evaluation.bertscore.hub", "owner/name", "`hub: a/b`"],
    ),
    "address of a data set": (
        "  made: {controlled: {seed: 3}}",
        "  made: {controlled: {}}\n  far: {hub: 'https://huggingface.co/datasets/a/b'}",
        ["corpora.far.hub", "is an address", "hf://", "`hub: a/b`"],
    ),
    "vocabulary of no task": (
        "base: {path: models/base}",
        "base: {path: models/base, vocabulary: {of: translations}}",
        ["base.vocabulary.of", "'translations'", "'translation'"],
    ),
    "vocabulary of a base from scratch": (
        "base: {path: models/base}",
        "base: {architecture: {model_type: llama}, vocabulary: {of: translation}}",
        ["base", "vocabulary beside architecture", "tokenizer: {vocab_size:"],
    ),
    "vocabulary beside a ready expert": (
        "base: {path: models/base}",
        "joint:\n  all: {of: translation, path: models/joint}\n"
        "base: {path: models/base, vocabulary: {of: translation}}",
        ["joint.all", "a ready model beside base.vocabulary", "a base without vocabulary"],
    ),
    "no source": ("base: {path: models/base}", "base: {}", ["base", "hub, path or architecture"]),
    "unknown corpus": (
        "train: {corpus: made,",
        "train: {corpus: mode,",
        ["tasks.translation.train.corpus", "'mode'", "'made'"],
    ),
    "controlled without size": (
        "train: {corpus: made, size: 100}",
        "train: {corpus: made}",
        ["made without size", "size"],
    ),
    "pair outside the languages": (
        "pairs: both-directions",
        "pairs: [hi-en, bn-en, en-ta]",
        ["tasks.translation.pairs", "'ta'", "Add ta to languages"],
    ),
    "pair twice": (
        "pairs: both-directions",
        "pairs: [hi-en, bn-en, hi-en]",
        ["tasks.translation.pairs", "'hi-en' twice"],
    ),
    "no pair": (
        "pairs: both-directions",
        "pairs: [hi-en, bn-en, hindi]",
        ["'hindi'", "source-target"],
    ),
    "group of an absent expert": (
        "many-to-one: [hi-en, bn-en]",
        "many-to-one: [hi-en, ben-en]",
        ["groups.many-to-one", "'ben-en'", "'bn-en'"],
    ),
    "group of one": ("[hi-en, bn-en]\nm", "[hi-en]\nm", ["groups.many-to-one", "two or more"]),
    "member twice": ("[hi-en, bn-en]\nm", "[hi-en, hi-en]\nm", ["hi-en twice"]),
    "merge that is not there": (
        "[hi-en, bn-en]\nm",
        "[hi-en, bn-en]\n  two: [hi-en, merges/many-to-one/tie]\nm",
        ["groups.two", "'merges/many-to-one/tie'", "'merges/many-to-one/ties'"],
    ),
    "merges in a circle": (
        "[hi-en, bn-en]\nm",
        "[hi-en, merges/two/ties]\n  two: [bn-en, merges/many-to-one/ties]\nm",
        ["cycle: many-to-one -> two -> many-to-one"],
    ),
    "expert made twice": (
        "pairs: {each: translation}",
        "pairs: {each: translation}\n  again: {each: translation, units: [hi-en]}",
        ["experts.again", "expert hi-en", "pairs makes too"],
    ),
    "expert of an absent task": (
        "{each: translation}",
        "{each: translations}",
        ["experts.pairs", "'translations'", "'translation'"],
    ),
    "unknown placeholder": (
        "{each: translation}",
        '{each: translation, hub: "x/{sourc}"}',
        ["experts.pairs.hub", "{sourc}", "'source'"],
    ),
    "steps and epochs": ("steps: 10", "steps: 10, epochs: 1", ["training", "epochs and steps"]),
    "neither steps nor epochs": ("steps: 10, ", "", ["training", "no epochs or steps"]),
    "lora without rank": (
        "steps: 10",
        "steps: 10, method: lora",
        ["training", "method lora without lora"],
    ),
    "nothing to select on": (
        "    dev: {corpus: made, size: 10}\n",
        "",
        ["selection.split", "sweep of ties on many-to-one"],
    ),
    "metric that cannot select": (
        "methods:",
        "selection: {metric: accuracy}\nmethods:",
        ["selection.metric", "'accuracy'", "bleu"],
    ),
    "no training rows": (
        "    train: {corpus: made, size: 100}\n",
        "",
        ["experts.pairs", "no training rows for translation/", "units: […]"],
    ),
}
MISTAKES |= {
    "method that is a list": ("ties: {", "ties: {method: [ties], ", ["ties.method: ['ties']"]),
    "too many points": (
        "[0.4, 0.8]",
        f"{[0.5] * 501}",
        ["methods: found ties: 1,002 points", "at most 1,000 points"],
    ),
    "too many combinations": (
        "[hi-en, bn-en]\nm",
        f"{{combinations: 20, of: {['hi-en'] * 60}}}\nm",
        ["groups.many-to-one", "at most 2,500 groups"],
    ),
    "group that leads elsewhere": (
        "many-to-one: [",
        "../x: [",
        ["groups", "name '../x'", 'begins with "."', "choose another name"],
    ),
    "label that leads elsewhere": (
        "[hi-en, bn-en]\nm",
        '{members: [hi-en, bn-en], methods: {"..": {method: linear}}}\nm',
        ["groups.many-to-one.methods", "name '..'"],
    ),
    "expert that leads elsewhere": (
        "{each: translation}",
        '{each: translation, name: "{unit};x"}',
        ["experts.pairs.name", "name 'en-hi;x'", 'contains ";"'],
    ),
    "expert named as a kept state": (
        "pairs: {each: translation}",
        "pairs: {each: translation}\n  a@5: {of: translation/hi-en}",
        ["experts.a@5", "has an @"],
    ),
    "infinite number": ("1.0e-3", ".inf", ["training.learning_rate", "inf", "finite number"]),
    "architecture that there is none of": (
        "base: {path: models/base}",
        "base: {architecture: {model_type: lama}, tokenizer: {vocab_size: 300}, "
        "pretrain: {of: translation}}",
        ["base.architecture", "model_type 'lama'", "'llama'"],
    ),
    "key that looks like a kind of value": (
        "{each: translation}",
        "{each: translation}\n  <each>: {each: translation, nam: x}",
        ["experts.<each>", "'nam'", "'name'"],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_file_key_and_remedy(write, case):
    old, new, parts = MISTAKES[case]
    message = error_of(write(changed(old, new)))
    assert "small.yaml: " in message and "; expected " in message
    for part in parts:
        assert part in message, message


def test_all_mistakes_of_a_file_are_told_at_once(write):
    text = changed("steps: 10", "steps: ten").replace("title: Small", "titel: Small")
    message = error_of(write(text))
    assert len(message.splitlines()) == 3  # unknown titel, missing title, steps
