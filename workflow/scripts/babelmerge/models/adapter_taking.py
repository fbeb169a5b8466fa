"""Adapters taken in: kept as adapters where they can be read, else as the full models they make.

Checked by peft itself and by our reader, from names and headers, on a base without weights. Writes
only inside the folder it is given.
"""

import logging
import shutil
from pathlib import Path

from babelmerge.files.tensor_headers import beside
from babelmerge.models import adapter_base
from babelmerge.models.adapter_config import (
    BESIDE,
    CONFIG,
    WEIGHTS,
    read_config,
    read_entries,
    refuse_slow_patterns,
)
from babelmerge.models.adapters import Adapter
from babelmerge.models.checkpoints import Checkpoint, read_json
from babelmerge.models.loading import load, load_tokenizer, without_weights

LOG = logging.getLogger(__name__)


def keep(base: Path, adapter: Path, folder: Path) -> None:
    """Put an adapter into `folder` alone, with the tokenizer of its base.

    What `adapters` does not read (other kinds than LoRA, and starts that change the base) becomes
    the full model that peft makes of it, and the adapter lies beside. ValueError when the adapter
    lacks a tensor that its config asks for, has one that the base has no place for, or says that it
    is of another base.
    """
    refuse_slow_patterns(adapter, read_json(adapter / CONFIG))
    read_entries(adapter)
    if others := beside(adapter):
        LOG.warning("%s: %s beside the adapter's own weights: not taken", adapter, others[0])
    adapter_base.check(adapter, base)
    place = folder
    try:
        read_config(adapter)
    except ValueError as unread:
        LOG.warning("%s; it is kept as a full model", unread)
        _merge_adapter(base, adapter, folder)
        place = folder / BESIDE
        place.mkdir()
    else:
        files = Checkpoint(base)
        _require_fit(base, adapter, without_weights(files))
        Adapter(adapter, files)
        load_tokenizer(base).save_pretrained(folder)
    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(adapter / name, place / name)


def _merge_adapter(base: Path, adapter: Path, folder: Path) -> None:
    """Write base + adapter as peft merges them in float32, rounded once to the base's dtype."""
    model, tokenizer = load(base, where="cpu")
    adapted = _require_fit(base, adapter, model)
    files = Checkpoint(base)
    dtype = next(files.dtype(name) for name in files.names if files.dtype(name).is_floating_point)
    adapted.merge_and_unload().to(dtype).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _require_fit(base: Path, adapter: Path, model):
    """The model with the adapter in it; ValueError where peft finds that they do not fit.

    A model without weights (on the device `meta`) stays without.
    """
    from peft import PeftModel

    options = {"low_cpu_mem_usage": model.device.type == "meta"}
    try:
        adapted = PeftModel.from_pretrained(model, adapter, torch_device="cpu", **options)
        found = adapted.load_adapter(adapter, "default", torch_device="cpu", **options)
    except Exception as error:  # whatever peft makes of a config that it does not expect
        raise ValueError(
            f"{adapter}: the adapter does not fit its base, {base}; give the base that it was "
            f"tuned on ({str(error).strip()[:300]})"
        ) from error
    unfit = [*found.missing_keys, *found.unexpected_keys]  # told by the second loading alone
    if unfit:
        raise ValueError(
            f"{adapter}: {WEIGHTS} and {CONFIG} do not fit on {base}: {len(found.missing_keys)} "
            f"tensors are missing and {len(found.unexpected_keys)} have no place, such as "
            f"{unfit[0]}; give the base that it was tuned on, or fetch the adapter again"
        )
    return adapted
