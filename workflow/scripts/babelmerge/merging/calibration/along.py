"""RegMean++: Gram matrices of the inputs that the merged model gives its layers.

RegMean fits each linear map to the inputs that it has inside its own expert. In the merged model
those come from merged blocks. So here each expert's block is asked on top of the blocks that are
merged already, on the expert's own rows; then its maps are merged by RegMean, everything else by
the mean, and the next block is looked at (Nguyen et al. 2025, arXiv:2508.03121, and MergeBench).
Merging by `regmean` with what comes of it, at the same alpha, is RegMean++.

Embeddings are merged first, by the mean, as in FusionBench; the head last, if it is a map of its
own (MergeBench leaves both as the base's). One model is in memory, and the Gram matrices of all
experts. Every block takes a forward pass of the whole model over the rows of each expert: as many
times RegMean's passes as there are blocks.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from babelmerge.data import batches, tokenised
from babelmerge.data.batches import Tokens
from babelmerge.files.atomic import folder_beside, write_atomically
from babelmerge.merging.calibration import collect, files, passes
from babelmerge.merging.methods import regression
from babelmerge.merging.streaming.members import Readable
from babelmerge.models.adapters import opened
from babelmerge.recipes.coefficients import block_of

Grams = dict[str, dict[str, Tensor]]


def collect_along(
    folders: Mapping[str, str | Path],
    rows: Mapping[str, Iterable[Mapping]],
    out_files: Mapping[str, str | Path],
    *,
    prompt: Mapping,
    alpha: float = regression.ALPHA,
    limit: int | None = None,
    max_length: int | None = None,
    dtype: str = "float32",
    batch_tokens: int = passes.BATCH_TOKENS,
) -> None:
    """Write every expert's statistics for `regmean` as RegMean++ has them, and facts beside each.

    folders, rows, out_files: by expert, see `collect.collect`. ValueError for experts of which one
    of the three is not given.
    """
    for what, given in (("rows", rows), ("out_files", out_files)):
        if set(given) != set(folders):
            raise ValueError(f"{what} of {sorted(given)}; expected those of {sorted(folders)}")
    first = next(iter(folders.values()))
    model, tokenizer, shapes, _ = collect.loaded("gram", first, dtype)
    counts = {id_: tokenised.Counts() for id_ in folders}
    with folder_beside(Path(out_files[next(iter(folders))])) as work:
        tokens: dict[str, Tokens] = {}
        for number, id_ in enumerate(folders):
            encoding = (prompt, tokenizer, max_length, counts[id_])
            triples = tokenised.tokenised(islice(rows[id_], limit), *encoding)
            place = work / str(number)
            place.mkdir()
            tokens[id_] = batches.store(triples, place, "dev", len(tokenizer))
            tokenised.check_rows(counts[id_], "dev", max_length)
        experts = {id_: opened(folder) for id_, folder in folders.items()}
        found = along(model, experts, tokens, alpha, batch_tokens)
        for id_, grams in found.items():
            whole = files.write(work, shapes, [list(shapes)], lambda _, own=grams: dict(own))
            os.replace(whole, out_files[id_])
    for id_, folder in folders.items():
        facts = collect.facts("gram", folder, dtype, counts[id_], tokens[id_])
        more = {"along": list(folders), "alpha": alpha}
        text = json.dumps({**facts, **more}, indent=1) + "\n"
        write_atomically(Path(out_files[id_]).with_suffix(".json"), text)


@torch.no_grad()
def along(
    model: nn.Module,
    experts: Mapping[str, Readable],
    tokens: Mapping[str, Tokens],
    alpha: float = regression.ALPHA,
    batch_tokens: int = passes.BATCH_TOKENS,
) -> Grams:
    """Each expert's Gram matrices by name. model: of the experts' shape; it becomes the merge."""
    parameters = dict(model.named_parameters())
    for name, parameter in parameters.items():
        parameter.copy_(_mean([expert.read(name) for expert in experts.values()]))
    maps = list(passes.linear_maps(model))
    found: Grams = {id_: {} for id_ in experts}
    blocks = sorted({b for b in map(block_of, maps) if b is not None})
    for block in [*blocks, None]:
        asked = [name for name in maps if block_of(name) == block]
        inside = [name for name in parameters if block is not None and block_of(name) == block]
        for id_, expert in experts.items() if asked else ():
            _take(parameters, inside, expert)
            found[id_].update(passes.gram(model, tokens[id_], asked, batch_tokens))
        for name in dict.fromkeys([*inside, *asked]):
            grams = [found[id_].get(name) for id_ in experts]
            every = [
                expert.read(name).to(parameters[name].device).float() for expert in experts.values()
            ]
            parameters[name].copy_(regression.regmean(every, grams, alpha))
    return found


def _take(parameters: Mapping[str, nn.Parameter], names: Sequence[str], expert: Readable) -> None:
    for name in names:
        parameters[name].copy_(expert.read(name))


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.double() for tensor in tensors]).mean(0)
