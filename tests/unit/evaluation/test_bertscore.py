"""BERTScore against its formula in the plainest loops, on a tiny random BERT."""

import json

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import AutoModel, BertConfig, BertModel, PreTrainedTokenizerFast

from babelmerge.evaluation import metrics
from babelmerge.evaluation.bertscore import encoders, scoring
from babelmerge.evaluation.counting import MILLION

WORDS = ("the cat dog a house sleeps runs big small red . , in on and 猫 犬 は 寝る").split()
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
OUTPUTS = ["the cat sleeps .", "a big dog runs in the house", "猫は寝る", "", "the the the", "red"]
REFERENCES = ["the big cat sleeps .", "a dog runs", "犬は寝る", "the cat", "the", "red"]


def save(folder, layers=3, positions=12):
    """A random BERT that knows a few words."""
    known = {word: at for at, word in enumerate((*SPECIAL, *WORDS))}
    raw = Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    raw.normalizer = normalizers.BertNormalizer()
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=raw, **names).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2}
    config = BertConfig(
        vocab_size=len(known),
        num_hidden_layers=layers,
        max_position_embeddings=positions,
        initializer_range=0.5,
        **shape,
    )
    BertModel(config).eval().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save(tmp_path_factory.mktemp("bert"))


def scorer(folder, layer=2):
    return scoring.scorer(folder, hub=None, revision=None, path="models/bert", layer=layer)


def plain(folder, layer, output, reference):
    """The formulas of the paper, a token and a layer at a time: P, R, F1."""
    model = AutoModel.from_pretrained(folder).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)

    def vectors(text):
        ids = tokenizer(text)["input_ids"]
        with torch.no_grad():
            hidden = model.embeddings(torch.tensor([ids]))
            for block in model.encoder.layer[:layer]:
                hidden = block(hidden)
        return [row / row.norm() for row in hidden[0]], [i not in (2, 3) for i in ids]

    def mean_best(own, counted, others):
        best = [max(float(v @ w) for w in others) for v, c in zip(own, counted, strict=True) if c]
        return sum(best) / len(best) if best else None

    (said, of_output), (wanted, of_reference) = vectors(output), vectors(reference)
    precision, recall = mean_best(said, of_output, wanted), mean_best(wanted, of_reference, said)
    if precision is None or recall is None:
        return 0.0, 0.0, 0.0
    return precision, recall, 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_scores_are_those_of_the_formula_token_by_token(folder, layer):
    rows, _ = scorer(folder, layer).compare(OUTPUTS, [(text,) for text in REFERENCES])
    wanted = [plain(folder, layer, *pair) for pair in zip(OUTPUTS, REFERENCES, strict=True)]
    assert rows[:, 3].tolist() == [1] * len(OUTPUTS)
    assert np.allclose(rows[:, :3] / MILLION, wanted, atol=2e-6)
    assert rows[3].tolist() == [0, 0, 0, 1], "nothing was written"
    assert rows[5, 2] == MILLION, "the same text"


def test_numbers_do_not_depend_on_what_else_is_in_the_batch(folder, monkeypatch):
    references = [(text,) for text in REFERENCES]
    together, _ = scorer(folder).compare(OUTPUTS, references)
    monkeypatch.setattr(scoring, "BATCH", 2)
    alone, _ = scorer(folder).compare(OUTPUTS, references)
    assert np.abs(together - alone).max() <= 1


def test_of_several_references_the_best_counts(folder):
    both = [(one, other) for one, other in zip(REFERENCES, reversed(REFERENCES), strict=True)]
    rows, _ = scorer(folder).compare(OUTPUTS, both)
    single = [scorer(folder).compare(OUTPUTS, [(t,) for t in side])[0] for side in zip(*both)]  # noqa: B905
    assert np.abs(rows - np.maximum(*single)).max() <= 1


def test_long_texts_are_cut_to_the_positions_that_there_are(folder):
    rows, signature = scorer(folder).compare(["the cat " * 30], [("the cat " * 5,)])
    assert rows[0, 2] == MILLION, "ten words and two tokens around them"
    assert "tokens:at most 12" in signature and "model:models/bert|layer:2" in signature


def test_the_metric_has_a_table_with_intervals_and_needs_its_model(folder, tmp_path):
    outputs, references = OUTPUTS * 3, REFERENCES * 3
    found, table = metrics.score("summarization", outputs, references, encoder=scorer(folder))
    entry = found["metrics"]["bertscore"]
    assert entry["low"] < entry["value"] < entry["high"]
    assert entry["value"] == pytest.approx(table["bertscore"][:, 2].mean() / MILLION)
    metrics.write_sentences(tmp_path / "s.tsv", table)
    assert (metrics.read_sentences(tmp_path / "s.tsv")["bertscore"] == table["bertscore"]).all()
    without, _ = metrics.score("summarization", outputs, references)
    assert "bertscore" not in without["metrics"]
    with pytest.raises(ValueError, match="bertscore.*no model to measure it by; name one"):
        metrics.score("summarization", outputs, references, metrics=["bertscore"])


def test_a_model_is_taken_in_whole(folder, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    encoders.take_in(taken, layer=None, path=str(folder))
    assert encoders.load(taken, None).layer == 3 and not (taken / "raw").exists()
    with pytest.raises(ValueError, match="bert.*layer 4 is asked for and the model has 3; correct"):
        encoders.take_in(tmp_path / "taken", layer=4, path=str(folder))


def test_what_lacks_tensors_is_refused(folder, tmp_path):
    broken = save(tmp_path, layers=2)
    config = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(ValueError, match="lacks .* tensors"):
        encoders.load(broken, None)


def test_layers_are_those_of_bert_score_for_its_models():
    assert encoders.usual_layer("google-bert/bert-base-multilingual-cased", None) == 9
    assert encoders.usual_layer("FacebookAI/xlm-roberta-large", None) == 17
    assert encoders.usual_layer("/models/xlm-roberta-large/", 3) == 3
    assert encoders.usual_layer("mine", None) is None
