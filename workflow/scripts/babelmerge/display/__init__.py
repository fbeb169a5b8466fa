"""How tables, figures and pages look; what they say is decided in `analysis`.

Offers: `layout.Table` (cells for readers, a frame for programs), `tables.write_table` (every table
that people see, in five shapes), `style` (one look for all figures, `style.save`), `html` (pieces
of the report), `labels` (words for readers), `naming` (names beside points), `chapters` (what a
chapter is made from). Who may come in: whoever draws or tells, and the report; nothing here knows
of models or studies. Start with `layout.Table` and `chapters.Parts`.
"""
