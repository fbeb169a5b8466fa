"""Documentation of study files, written from the models that check them.

Nothing imports this room: `python -m babelmerge.study.docs` writes config/README.md and its schema,
and a test fails when they are not what it would write. Start at `write`; `examples`, `kinds`
and `methods` are parts of the page.
"""
