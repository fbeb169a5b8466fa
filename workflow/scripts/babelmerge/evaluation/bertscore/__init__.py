"""BERTScore: texts compared by the embeddings of a model that reads and writes none.

`encoders` takes such a model in and loads it; `scoring` measures with it: start there. The scripts
of the rules `fetch_encoder` and `score` come in, and no score without a model does.
"""
