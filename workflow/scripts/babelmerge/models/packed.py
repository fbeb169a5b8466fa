"""Whether a model keeps rows apart that share a sequence, told by their positions alone.

transformers makes a block mask, of whatever form the attention takes, where positions begin anew.
Not every architecture takes positions, and in some a state runs on from row to row; so it is tried.
"""

import torch

ROWS = (5, 3, 4)  # tokens of the rows that are tried
TOLERANCE = {torch.float32: 1e-4}
ROUGH = 2e-2  # of narrower types


@torch.no_grad()
def check(model) -> None:
    """ValueError that names the architecture where rows in one sequence are not as they are apart.

    model: in evaluation mode.
    """
    decoder, size = model.get_decoder(), sum(ROWS)
    vocabulary = model.get_input_embeddings().weight.shape[0]
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(vocabulary, (2, size), generator=draw).to(model.device)
    places = torch.cat([torch.arange(length) for length in ROWS]).to(model.device)
    rows = [decoder(input_ids=part, use_cache=False)[0] for part in ids.split(ROWS, 1)]
    apart = torch.cat(rows, 1).float()
    try:
        positions = places.expand(2, size).contiguous()
        shared = decoder(input_ids=ids, position_ids=positions, use_cache=False)[0].float()
    except TypeError:  # it takes no positions
        shared = None
    most = TOLERANCE.get(model.dtype, ROUGH) * apart.abs().max()
    if shared is None or (shared - apart).abs().max() > most:
        raise ValueError(
            f"training.packing: {model.config.model_type} does not keep rows apart that share a "
            "sequence, since it takes no positions or carries a state from row to row; set "
            "packing: false"
        )
