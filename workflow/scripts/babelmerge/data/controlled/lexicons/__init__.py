"""Word forms of each language, as data: one module per language, irregular forms spelled out."""
