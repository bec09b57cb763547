"""Models and articles that are small enough to be made for a test.

The models have random weights, the same ones each time: their vectors mean nothing, but like texts
have like vectors, and the same text has the same one. Whatever is large to import is imported by the
function that needs it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from app.domain.passages import Article, Section

WORDS = [
    "the", "a", "of", "in", "and", "was", "is", "river", "tower", "bridge", "castle", "mountain",
    "city", "king", "queen", "painter", "poem", "music", "ship", "island", "born", "died", "wrote", "built",
    "found", "old", "new", "north", "south", "long", "great", "first", "last", "##s", "##ed", "##ing",
]  # fmt: skip
_PIECES = "abcdefghijklmnopqrstuvwxyz0123456789ᄀᄂ하ᅥᅢᆫᆨᆼ"
_MARKS = ".,;:!?…'\"’”()[]-–/&%$#@*+=<>_{}|~`\\^中文东京"
POSITIONS = 96
"""Tokens of a text that the models have positions for."""


def tokenizer() -> Tokenizer:
    """Return a WordPiece tokenizer, uncased as BERT's, that needs no unknown word for ASCII."""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    tokens += [*_PIECES, *(f"##{piece}" for piece in _PIECES), *_MARKS]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(mark, vocabulary[mark]) for mark in ("[CLS]", "[SEP]")],
    )
    return made


def make_embedding_model(folder: Path, seed: int = 1, kind: str = "Bert") -> Path:
    """Write a sentence-transformers model of one layer into ``folder``."""
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    network = folder.with_name(f"{folder.name}-network")
    _seeded(getattr(transformers, f"{kind}Model"), seed).save_pretrained(network)
    _wrapped().save_pretrained(network)
    transformer = Transformer(str(network))
    model = SentenceTransformer(modules=[transformer, Pooling(32)], device="cpu")
    model.save(str(folder), create_model_card=False)
    return folder


def make_reranker(folder: Path, seed: int = 2) -> Path:
    """Write a cross-encoder of one layer into ``folder``."""
    from transformers import BertForSequenceClassification

    _seeded(BertForSequenceClassification, seed, num_labels=1).save_pretrained(folder)
    _wrapped().save_pretrained(folder)
    return folder


def _seeded(kind: Any, seed: int, **options: Any) -> Any:
    import torch

    config = kind.config_class(
        vocab_size=tokenizer().get_vocab_size(),
        pad_token_id=0,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=POSITIONS,
        initializer_range=0.3,  # so that texts differ
        **options,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return kind(config).eval()


def _wrapped() -> Any:
    from transformers import PreTrainedTokenizerFast

    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer(), model_max_length=POSITIONS, **names)


def article(key: str = "a", *texts: str, title: str = "", headings: Iterable[str] = ()) -> Article:
    """Return an article with a section for each text; those without a heading are numbered."""
    names = [*headings, *(f"part {number}" for number in range(len(texts)))]
    sections = (Section(heading, text) for heading, text in zip(names, texts, strict=False))
    return Article(key, title, tuple(sections))
