"""Sweeps: every point of a grid is formed in memory, scored on dev data, and put on record.

Offers: `scoring` (points to scores, over several devices where there are any), `journal` (what is
known already, so that a killed or extended sweep goes on), `figures` (the drawing and its caption).
Who may come in: rule scripts, and the chapter on merges for the caption. Start with `scoring`.
"""
