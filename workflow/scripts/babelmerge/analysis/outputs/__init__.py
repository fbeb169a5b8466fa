"""What models write, read: how many outputs fail as such, and samples side by side.

Offers `rates` (what fails in a text), `counting` (the long table), `tables`, `findings`,
`samples` (outputs of all models on the same rows) and `chapter`. Who may come in: rule scripts and
the report. Start with `rates`.
"""
