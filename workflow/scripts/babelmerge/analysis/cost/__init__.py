"""What training cost: one joint model against experts and a merge, measured by the jobs themselves.

Offers `counting` (the long table), `costs` (the same by case), `tables`, `figures`, `findings`
(sentences, with published claims beside ours) and `chapter`. Who may come in: rule scripts. Start
with `counting`.
"""
