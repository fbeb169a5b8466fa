"""Groups over the same data sets told: means over languages, ablations beside the main group.

Offers `means` (intervals of means over data sets), `comparing` (the long table of a direction),
`tables` and `figures` (`lines`, and `crowded` where test sets are many), `overview` (a figure of
what the merges of each group keep), `across` (merges across tasks), `studies` and `studies_figure`
(a study beside others), `searches` (what they gained), `findings` (sentences) and `chapter`
(ablations). Who may come in: rule scripts and the report. Start with `comparing`.
"""
