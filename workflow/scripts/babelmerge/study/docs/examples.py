"""A study in pieces, one for each key: the examples of config/README.md. Together they are valid.

Text only; `write` prints it and the tests load it, so that no example goes stale.
"""

from types import MappingProxyType

EXAMPLES = MappingProxyType(
    {
        "title": "title: Do Italian and German experts merge?",
        "description": "description: Two directions, from files of our own.",
        "reference": "reference: arXiv:2604.02881",
        "languages": "languages: [en, it, de, fur]",
        "language_names": "language_names: {fur: Furlan}  # instead of Friulian",
        "codes": "codes: {europarl: {it: it-en, de: de-en}}  # {europarl} in a path or a column",
        "pivot": "pivot: en",
        "seed": "seed: 1",
        "data_root": "data_root: corpora  # below the folder given as --data FOLDER",
        "base": """\
base:  # taken: from the hub, or path: FOLDER
  hub: Qwen/Qwen2.5-0.5B-Instruct
  revision: main""",
        "tasks": """\
tasks:
  translation:
    kind: translation
    pairs: [it-en, de-en, en-it, en-de]  # or both-directions, to-pivot, from-pivot
    train:  # several corpora are joined in this order
      - {corpus: europarl, size: 20000, sample: true}
      - {corpus: own}
    dev: {corpus: flores, split: dev}
    test: {corpus: flores, split: devtest}
    prompt: "Translate the following {source_language} sentence to {target_language}\\n{source}"
    chat: true
  sentences:  # plain text, which models are looked at on: nothing is asked and nothing scored
    kind: text
    languages: [it, de]
    test: {corpus: lines}
  forgetting:  # benchmarks by name, and of a folder of your own, run by lm-evaluation-harness
    kind: harness
    tasks: [arc_easy, hellaswag, my_task]
    include: benchmarks
    limit: 500""",
        "corpora": """\
corpora:
  own:  # one table for each language, columns named by their codes
    files: tables/en-{language}.tsv
  europarl:  # plain text, a file for each language, aligned by line
    files: {en: "europarl/{europarl}.en", "*": "europarl/{europarl}.{language}"}
    format: text
  flores:  # on the hub, a configuration for each language
    hub: openlanguagedata/flores_plus
    columns: {config: "{flores}", column: text}
  one-file:  # train, dev and test cut out of it: {corpus: one-file, split: "train[:80%]"} and so on
    files: all.tsv  # or by a column's value: {corpus: one-file, where: {fold: dev}}
  lines:  # for kind text: a sentence a line (or a column of a table)
    files: "text/{language}.txt"
  generated:  # what Babelmerge ships
    controlled: {seed: 0}""",
        "training": """\
training:
  learning_rate: 5.0e-5
  epochs: 3
  scheduler: inverse_sqrt
  batch_size: 16
  dtype: bfloat16""",
        "experts": """\
experts:
  pairs: {each: translation, units: [it-en, en-it, en-de]}  # experts/it-en, experts/en-it, …
  de-en: {of: translation/de-en, training: {epochs: 1}}  # one that is trained differently
  mine: {of: sentences/it, path: models/mine}  # a ready one; all that is known is its language
  others:  # ready ones, under names of their own
    each: translation
    units: to-pivot
    name: "{unit}-marian"
    path: "models/marian-{source}-{target}\"""",
        "joint": """\
joint:
  all: {of: translation}
  to-english: {of: translation, units: to-pivot}""",
        "baselines": "baselines:\n  eurollm: {hub: utter-project/EuroLLM-1.7B}",
        "groups": """\
groups:
  many-to-one: [it-en, de-en]
  every-two: {combinations: 2, of: pairs}  # every-two-it-en+en-it, …
  growing: {prefixes: [it-en, de-en, en-it], from: 2}  # growing-2, growing-3
  aligned: {members: [it-en, de-en], align: it-en}  # de-en's neurons and heads as it-en has them
  merged-merges:
    members: [merges/many-to-one/ties, en-de]
    methods:
      linear: {}
      swap: {method: layer_swap, from: en-de, top: 8}  # de's highest blocks, the rest averaged
    evaluate: translation""",
        "methods": """\
methods:
  linear: {}  # no parameters: one point, no sweep
  ties: {density: [0.4, 0.8], weight: [0.3, 0.5]}  # four points
  ties-mergekit: {method: ties, density: 0.4, semantics: mergekit}
  task_arithmetic: {weight: 0.4}
  dare:  # from the best of two points on, 40 more: that is the merge dare-search
    density: [0.4, 0.8]
    search: {points: 40, by: layer-band}
  by-layer: {method: task_arithmetic, weight: {layers: [0.2, 0.8]}}  # first block to last
  by-part: {method: linear, weight: [{filter: mlp, value: 2}, {value: 1}]}  # one point""",
        "selection": "selection: {split: dev, metric: chrf, rows: 500}",
        "allow": "allow: selection-on-test  # or a list; this study selects on dev, and need not",
        "generation": "generation: {max_new_tokens: 256, batch_size: 64, dtype: bfloat16}",
        "evaluation": "evaluation: {resamples: 1000, confidence: 0.95}",
        "analysis": "analysis: {neurons: {rho: 0.1, tau: 0.8}, cka: {}}",
        "published": "published: resources/published/translation.tsv",
        "beside": "beside: [adapters]  # config/studies/adapters.yaml, with another base",
        "price": "price: {per_hour: 2.5, currency: EUR}",
    }
)
