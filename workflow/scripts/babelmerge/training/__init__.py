"""Training of a base, an expert or a joint model, exactly resumable.

`train.train` does it from rows to a model folder and is where to start; `weights` is what it
trains, all weights or those of `lora`, an adapter; `loop` is its course, `state`, `progress` and
`output` what it keeps and writes (`kept`: along the way), `curves` draws losses, `schedules` the
learning rate, `parallel` the devices. `scratch` makes a random base. `settings` is the one model of
all settings, which imports no torch: of this room, studies come in there and nowhere else.
"""
