"""An adapter that is kept alone, and where the base lies that it is put on.

Such a model's folder holds what peft reads, a tokenizer, and in its manifest.json, under `base`,
the way to the base's folder and the base's fingerprint: a copy of the whole results works as they
do, and a base that is not the one of the adapter is told. Reads manifests; no tensors, no torch.
"""

import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path

from babelmerge.files.directories import BASE, MANIFEST, fingerprint, read_json
from babelmerge.models.adapter_config import AdapterConfig, is_adapter

LOG = logging.getLogger(__name__)
QUANTISED = re.compile(
    r"([-_.](unsloth|dynamic|bnb|nf4|fp4|[48]-?bit|int[48]|gptq|awq|fp8|hqq|w4a16|w8a8|mxfp4))+$"
)


def fact(folder: str | Path, base: str | Path) -> dict[str, str]:
    """What the manifest of an adapter in `folder` says of its base."""
    return {
        "path": Path(os.path.relpath(base, folder)).as_posix(),
        "fingerprint": fingerprint(base),
    }


def said(folder: str | Path) -> Mapping[str, str] | None:
    """What an adapter's manifest says of its base; None of one from elsewhere."""
    manifest = Path(folder) / MANIFEST
    found = read_json(manifest).get(BASE) if is_adapter(folder) and manifest.is_file() else None
    keys = ("path", "fingerprint")
    known = isinstance(found, Mapping) and all(isinstance(found.get(key), str) for key in keys)
    return found if known else None


def beneath(folder: str | Path) -> Path:
    """The folder of the full model below a model: an adapter's base, or the folder itself.

    ValueError where an adapter does not say what it is on, or that is gone or has changed.
    """
    if not is_adapter(folder):
        return Path(folder)
    found = said(folder)
    if found is None:
        raise ValueError(
            f"{folder}: is an adapter, and no {MANIFEST} in it says where its base lies; merge it "
            "into its base first (babelmerge merge --method task_arithmetic --base BASE "
            f"--expert {folder} OUT) and give that model"
        )
    ways = (Path(os.path.normpath(Path(start, found["path"]))) for start in (folder, _real(folder)))
    base = next(filter(Path.is_dir, ways), None)
    if base is None:
        raise ValueError(
            f"{folder}: is an adapter on a base in {found['path']} from there, where there is "
            "none; copy results whole, bring the base there, or build it again"
        )
    check(folder, base)
    return base


def check_same(adapters: Mapping[str, AdapterConfig]) -> None:
    """ValueError naming both when two adapters say that they are of different bases.

    By the fingerprints in their manifests; of those without, by what their configs name, see
    `alike`. A warning where the names do not settle it: their shapes fit the base that is given.
    """
    told = {id_: said(one.path) for id_, one in adapters.items()}
    prints = {id_: f"{one['fingerprint'][:12]}…" for id_, one in told.items() if one}
    names = {i: one.base for i, one in adapters.items() if one.base and not told[i]}
    for bases in (prints, names):
        first = next(iter(bases), None)
        for id_, base in bases.items():
            same = base == bases[first] or (bases is names and alike(base, bases[first]))
            if same is False:
                raise ValueError(
                    f"{first} is an adapter of {bases[first]}, {id_} one of {base}; members of a "
                    "merge need one base: train all from it, or mend base_model_name_or_path in "
                    "their adapter_config.json if both name the same model"
                )
            if same is None:
                LOG.warning(
                    "%s is an adapter of %s, %s one of %s: taken for one base, which both fit",
                    first,
                    bases[first],
                    id_,
                    base,
                )


def tell_other(adapter: AdapterConfig, base: str | Path) -> None:
    """A warning for an adapter that may be of another base than it is put on, as far as names say.

    One whose manifest has its base's fingerprint is checked by that.
    """
    if adapter.base is None or said(adapter.path) is not None:
        return
    here = os.path.basename(_real(base)), _hub_name(_real(base)) or ""
    named = _plain(_hub_name(adapter.base) or adapter.base.rstrip("/"))
    if named not in map(_plain, here) and not alike(adapter.base, str(base)):
        LOG.warning(
            "%s is an adapter of %s, and is put on %s, which it fits: give the base that it was "
            "trained on, if that is another model",
            adapter.path,
            adapter.base,
            base,
        )


def alike(one: str, other: str) -> bool | None:
    """Whether two names are of one base; None where it seems so, or a path is of elsewhere.

    A model has a name on the hub, there or in its cache; it lies in a folder; and copies of it in
    four bits have names made from its own (unsloth/…-bnb-4bit).
    """
    left, right = one.rstrip("/"), other.rstrip("/")
    if left == right or _real(left) == _real(right):
        return True
    names = [_hub_name(name) for name in (left, right)]
    if names[0] and names[0] == names[1]:
        return True
    if _plain(names[0] or left) == _plain(names[1] or right):
        return None
    here = [os.path.isfile(os.path.join(name, "config.json")) for name in (left, right)]
    if all(here):
        return fingerprint(left) == fingerprint(right)
    elsewhere = any(name is None and not there for name, there in zip(names, here, strict=True))
    return None if elsewhere else False


def _hub_name(name: str) -> str | None:
    """ORG/NAME of a name on the hub or of a folder of its cache; None for other paths."""
    if cached := re.search(r"models--([\w.-]+?)--([\w.-]+)(/|$)", name):
        return f"{cached[1]}/{cached[2]}"
    hub = re.fullmatch(r"[\w-][\w.-]*(/[\w.-]+)?", name)
    return name if hub and not os.path.isdir(name) else None


def _plain(name: str) -> str:
    """The last part of a name, without what copies in few bits add to it."""
    return QUANTISED.sub("", name.rpartition("/")[2].lower())


def _real(folder: str | Path) -> str:
    return os.path.realpath(folder)


def check(folder: str | Path, base: str | Path) -> None:
    """ValueError when a base is not the one that an adapter's manifest speaks of.

    A base without a manifest, and an adapter from elsewhere, are taken at their word.
    """
    found = said(folder)
    if found is None or not (Path(base) / MANIFEST).is_file():
        return
    there = fingerprint(base)
    if there != found["fingerprint"]:
        raise ValueError(
            f"{folder}: is an adapter on a base with the fingerprint {found['fingerprint'][:12]}…, "
            f"and {base} has {there[:12]}…; train the adapter again on this base, or give the base "
            "that it was trained on"
        )
