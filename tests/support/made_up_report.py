"""Parts of a made-up report and its scripts, for tests of what people are shown."""

import re
import runpy
import shutil
import types
from html.parser import HTMLParser
from pathlib import Path

import made_up_study
import pytest
from matplotlib.figure import Figure
from places import SCRIPTS

from babelmerge.analysis.scores.scored import Scored
from babelmerge.display import style
from babelmerge.display.chapters import Key, Parts

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Checks that tags nest; collects ids, links, languages and text."""

    def __init__(self, content: str):
        super().__init__()
        self.open, self.ids, self.links, self.languages, self.text = [], [], [], set(), []
        self.feed(content)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attributes)
        self.ids += [given["id"]] if "id" in given else []
        self.languages |= {given["lang"]} if "lang" in given else set()
        self.links += [
            given[key] for key in ("href", "src", "xlink:href", "action") if key in given
        ]

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


class Named(list):
    """Files or settings as Snakemake gives them to a script: by number, some by name too."""

    def __init__(self, *entries, **named):
        flat = [x for value in named.values() for x in (value if type(value) is list else [value])]
        super().__init__([*entries, *flat])
        self.named = named

    def __getattr__(self, name):
        try:
            return self.__dict__["named"][name]
        except KeyError:
            raise AttributeError(name) from None

    def get(self, name, default=None):
        return self.named.get(name, default)


class Wildcards(dict):
    """Names as attributes too."""

    __getattr__ = dict.__getitem__


def saved(folder: Path, drawn: dict[Key, Figure]) -> dict[Key, Path]:
    """Figures as files, named as the workflow names them: cka-xx-en.target.svg.

    One that stands for several is drawn once: equal figures are equal bytes.
    """
    first: dict[int, Path] = {}
    files = {}
    for key, figure in drawn.items():
        file = folder / f"{'.'.join(['-'.join(key[:2]), *key[2:]])}.svg"
        if id(figure) in first:
            shutil.copyfile(first[id(figure)], file)
        else:
            first[id(figure)] = style.save(figure, file.with_suffix(""), ("svg",))[0]
        files[key] = file
    return files


def shown(folder: Path, long: dict, drawn: dict[str, Figure], tables: list[Key]) -> Parts:
    """Long tables (what, direction, span), figures, and tables of which nothing but names are told.

    drawn: what -> a figure, which stands for those of all directions and spans.
    """
    places = dict.fromkeys(key[1:] for key in long)
    figures = {(what, *place): one for what, one in drawn.items() for place in places}
    told = {key: f"<table><caption>{'-'.join(key)}</caption></table>" for key in tables}
    return Parts(long=long, figures=saved(folder, figures), tables=told)


def scored(**changes) -> Scored:
    """What sentences on scores are computed from, of a study that has nothing but scores."""
    values = {"metric": "bleu", "families": made_up_study.groups()}
    return Scored(**{**values, "scores": made_up_study.scores()} | changes)


def captions(content: str) -> list[str]:
    """What stands below the figures of a section, whose ids are all different and all there."""
    ids = re.findall(r'\bid="([^"]*)"', content)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:"#|\(#)([^")]+)', content)) <= set(ids)
    return re.findall(r"<figcaption>(.*?)</figcaption>", content)


def run_script(
    name: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: list[str],
    outputs: list[str],
    cfg: dict,
    **wildcards: str,
) -> None:
    """A script as Snakemake runs it, without the warm server, which only changes where."""
    job = types.SimpleNamespace(
        rule=name,
        wildcards=Wildcards(wildcards),
        input=files,
        output=outputs,
        params=types.SimpleNamespace(cfg=cfg),
        log=[str(folder / "log")],
        threads=1,
    )
    monkeypatch.syspath_prepend(str(SCRIPTS))
    runpy.run_path(str(SCRIPTS / f"{name}.py"), init_globals={"snakemake": job})
