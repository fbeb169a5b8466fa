"""Recipes: which merge, written down; the table of methods; what a point of a grid means.

    recipe = recipes.make_recipe("models/base", {"hi": "models/hi"}, "ties", {"density": 0.2})
    recipes.write_recipe(recipe, "recipe.yaml")
    settings = points.settings("ties", ("hi", "bn"), {"density": 0.2, "weight": 0.5})

Start at `methods`, THE table: a record a method, with its label, source, summary, parameters and
defaults, from which the command line, the grammar of studies, documents, tables and figures take
them. `parameters` says what each parameter may be. `points` turns the parameters of one point into
`settings.Settings`, with every error and default, and finds points that are one model;
`coefficients` has values that differ by layer and tensor (`spans`: where it lies), `spaces` those
that a search moves in. `recipes` writes a merge as a mergekit config, `reading` (with `members`,
`slices`, `tokenizers`, `values`) reads ours and mergekit's, and `lines` knows on which line of a
file a mistake is.

Anyone may come in. No tensors, no torch; from the house this takes words alone.
"""
