"""The report: chapters in one page that works offline, and the chapters on the study as a whole.

Offers: `report.write_report`, which joins files of chapters, and `sections` (the set-up, and what
made it all). The other chapters are in the rooms of `analysis`; which there are, in which order and
under which titles, says `study.graph.report`.
Who may come in: rule scripts. Start with `report.Chapter`.
"""
