"""Vocabularies of a study's own: learnt from its texts, or a ready one cut down to what they use.

`learning` trains the tokenizer of a base that starts from random weights; `trimming` drops from a
ready base the tokens, and their rows of embeddings, that given texts never use, `derivations` tells
it which tokens others are made of, and `texts` gives it what models will read. May not know of
studies, and of models no more than their files.
"""
