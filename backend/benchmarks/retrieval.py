"""Retrieval: how good it is on real questions, how fast it is, and what the index takes to build.

``python -m benchmarks.retrieval quality DATA`` · ``build DATA`` · ``speed DATA`` · ``api``

DATA is a folder with ``triviaqa/questions.jsonl``, ``wiki18/corpus.jsonl`` and, in BEIR's form,
``hotpotqa``; ``--reranker FOLDER`` adds the variant that reranks. Indexes are kept in ``--keep``.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.examples import Example
from app.domain.passages import Article, Passage, Section, articles_version
from app.schemas.retrieval_config import EMBEDDING_MODEL
from app.services.evaluation.scorers.retrieval import answer_in_context, score_retrieval
from app.services.evaluation.statistics.intervals import bca_mean, wilson
from app.services.evaluation.statistics.paired import paired_difference
from app.services.local_models.files import find_model
from app.services.rag.bm25 import words_of
from app.services.rag.chunking import Chunking
from app.services.rag.embedding import Embedder
from app.services.rag.index import KnowledgeIndex, Recipe, open_index
from app.services.rag.reranking import Reranker
from app.services.rag.retrievers import IndexRetriever, RetrievalOptions

SEED = 2026
CHUNKS = 50_000
BUILT = 5_000

Search = Callable[[str], Sequence[Passage]]


def read(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def corpus(data: Path, *names: str) -> list[Article]:
    """Return the passages of some corpora, each as an article."""
    return [
        Article(f"{name}:{row['_id']}", row.get("title", ""), (Section("", row["text"]),))
        for name in names
        for row in read(data / name / "corpus.jsonl")
    ]


def opened(articles: list[Article], keep: Path) -> tuple[KnowledgeIndex, Embedder]:
    """Return the index of some articles, built if need be."""
    recipe = Recipe(articles_version(articles), Chunking(), find_model(EMBEDDING_MODEL, "--model"))
    embedder = recipe.embedder()
    return open_index(keep, recipe, embedder, lambda: articles), embedder


def searches(
    index: KnowledgeIndex, embedder: Embedder, top_k: int, reranker: Path | None
) -> dict[str, Search]:
    """Return the ways of searching by name."""

    def by_words(query: str) -> Sequence[Passage]:
        found = index.words.top(index.words.scores(words_of(query)), top_k)
        chunks = index.chunks([number for number, _ in found])
        return [Passage(chunks[number]) for number, _ in found]

    ways: dict[str, Search] = {"BM25 alone": by_words}
    options = {
        "dense alone (naive)": RetrievalOptions("naive", top_k),
        "hybrid, by ranks": RetrievalOptions("hybrid", top_k, fusion="ranks"),
        "hybrid": RetrievalOptions("hybrid", top_k),
    }
    if reranker is not None:
        options["reranked"] = RetrievalOptions("reranked", top_k)
    for name, one in options.items():
        model = Reranker(reranker) if one.variant == "reranked" and reranker else None
        retriever = IndexRetriever(index, embedder, one, model)
        ways[name] = lambda query, search=retriever.search: search(query).passages  # type: ignore[misc]
    return ways


def quality(data: Path, keep: Path, reranker: Path | None) -> None:
    """Print how often the right passage is found."""
    print("TriviaQA, an answer in the top 5 (and 1); against hybrid: paired difference, p")
    index, embedder = opened(corpus(data, "wiki18", "hotpotqa"), keep)
    questions = read(data / "triviaqa" / "questions.jsonl")
    found: dict[str, np.ndarray] = {}
    for name, search in searches(index, embedder, 5, reranker).items():
        hits = [
            [
                answer_in_context([one], row["answers"], "triviaqa").value == 1
                for one in search(row["question"])
            ]
            for row in questions
        ]
        found[name] = np.array([float(any(row)) for row in hits])
        first = sum(bool(row and row[0]) for row in hits) / len(hits)
        share = wilson(int(found[name].sum()), len(hits))
        print(f"  {name:22} {share.value:.3f} [{share.low:.3f}, {share.high:.3f}]  top 1 {first:.3f}")
    against_hybrid(found)
    print("HotpotQA, nDCG@10 over its 4,937 paragraphs")
    index, embedder = opened(corpus(data, "hotpotqa"), keep)
    gold: dict[str, list[str]] = {}
    for line in (data / "hotpotqa" / "qrels.tsv").read_text().splitlines()[1:]:
        query, document, *_ = line.split("\t")
        gold.setdefault(query, []).append(f"hotpotqa:{document}")
    found = {}
    for name, search in searches(index, embedder, 10, reranker).items():
        values, both = [], []
        for row in read(data / "hotpotqa" / "queries.jsonl"):
            example = Example(row["_id"], row["text"], ("?",), metadata={"supporting": gold[row["_id"]]})
            scores = {one.name: one.value for one in score_retrieval(search(row["text"]), example, "squad")}
            values.append(scores["ndcg_at_10"] or 0.0)
            both.append(scores["all_at_k"] or 0.0)
        found[name] = np.array(values)
        mean = bca_mean(values, SEED)
        print(f"  {name:22} {mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]  both {np.mean(both):.3f}")
    against_hybrid(found)


def against_hybrid(found: dict[str, np.ndarray]) -> None:
    """Print hybrid minus each other way, paired on the same questions."""
    for name, values in found.items():
        if name != "hybrid":
            pair = paired_difference(values, found["hybrid"], None, seed=SEED)
            interval = f"[{pair.low:+.3f}, {pair.high:+.3f}]"
            print(f"    hybrid − {name:20} {pair.difference:+.3f} {interval}  p {pair.p:.3g}")


def build(data: Path) -> None:
    """Print how fast chunks of 256 tokens are embedded, beside the library as it comes."""
    texts = long_texts(data, BUILT)
    model = find_model(EMBEDDING_MODEL, "--model")
    embedder = Embedder(model, 256)
    embedder.query("warm")
    plain = plain_speed(model, texts[:200])
    began, done = time.perf_counter(), 0

    def keep(places: Sequence[int], _: np.ndarray) -> None:
        nonlocal done
        done += len(places)
        if done % 1000 == 0:
            print(f"  {done:,} chunks, {done / (time.perf_counter() - began):.1f} a second", flush=True)

    embedder.embed(texts, keep)
    ours = len(texts) / (time.perf_counter() - began)
    again = plain_speed(model, texts[:200])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(texts):,} chunks: {ours:.1f} a second; the library as it comes {plain:.1f} and {again:.1f}")
    print(f"ratio {ours / ((plain + again) / 2):.2f}; peak memory {peak:.0f} MB, both models loaded")


def long_texts(data: Path, count: int) -> list[str]:
    """Return texts of 256 tokens or a little more, which are then cut off."""
    passages = [article.text for article in corpus(data, "wiki18", "hotpotqa")]
    joined = (" ".join(passages[i : i + 3]) for i in range(0, len(passages) - 2, 2))
    texts = [text[:1600] for text in joined]
    return (texts * (count // len(texts) + 1))[:count]


def plain_speed(model: Path, texts: Sequence[str]) -> float:
    """Return the chunks a second of sentence-transformers with its defaults."""
    from sentence_transformers import SentenceTransformer

    library = SentenceTransformer(str(model), device="cpu", local_files_only=True)
    library.max_seq_length = 256
    library.encode(texts[:16], show_progress_bar=False)
    began = time.perf_counter()
    library.encode(list(texts), show_progress_bar=False)
    return len(texts) / (time.perf_counter() - began)


def speed(data: Path) -> None:
    """Print what a query takes at 50,000 chunks; vectors and texts are made of the real ones."""
    from rank_bm25 import BM25Okapi

    articles = many(corpus(data, "wiki18", "hotpotqa"), CHUNKS)
    model = find_model(EMBEDDING_MODEL, "--model")
    with tempfile.TemporaryDirectory() as folder:
        recipe = Recipe("speed", Chunking(), model)
        embedder = _Random(model, 256)
        began = time.perf_counter()
        index = open_index(Path(folder), recipe, embedder, lambda: articles)
        print(f"{index.size:,} chunks indexed in {time.perf_counter() - began:.0f} s, without embedding")
        retriever = IndexRetriever(index, Embedder(model, 256), RetrievalOptions("hybrid"))
        questions = [row["question"] for row in read(data / "triviaqa" / "questions.jsonl")[:300]]
        for question in questions[:20]:
            retriever.search(question + " ")
        found = [retriever.search(question).seconds for question in questions]
        totals = [1000 * sum(one.values()) for one in found]
        print(f"hybrid query: p50 {statistics.median(totals):.1f} ms, p95 {np.percentile(totals, 95):.1f} ms")
        for name in found[0]:
            stage = statistics.median(1000 * one[name] for one in found)
            print(f"  {name:10} {stage:.2f} ms")
        queries = [words_of(question) for question in questions]
        ours = timed(lambda query: index.words.top(index.words.scores(query), 10), queries)
        library = BM25Okapi([words_of(chunk.searched) for chunk in index.all_chunks()])
        theirs = timed(library.get_scores, queries[:20])
        same = all(np.array_equal(index.words.scores(q), library.get_scores(q)) for q in queries[:20])
        print(f"BM25: {ours:.2f} ms, rank-bm25 {theirs:.0f} ms; the same scores: {same}")
        print(f"a search of every vector would find {recall(index, embedder, questions):.3f} of the same 10")


class _Random(Embedder):
    """Embeds by chance around a few hundred centres: what an index costs does not depend on meaning."""

    dimension = 384

    def embed(self, texts: Sequence[str], done: Callable[[Sequence[int], np.ndarray], None]) -> None:
        generator = np.random.default_rng(SEED)
        centres = generator.standard_normal((500, self.dimension))
        vectors = centres[generator.integers(0, 500, len(texts))]
        vectors = vectors + generator.standard_normal(vectors.shape)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self.all = vectors.astype(np.float32)
        done(range(len(texts)), self.all)


def recall(index: KnowledgeIndex, embedder: _Random, questions: Sequence[str]) -> float:
    """Return the share of the true nearest ten that the index finds, for vectors like its own."""
    generator = np.random.default_rng(1)
    shares = []
    for _ in questions[:100]:
        vector = embedder.all[generator.integers(len(embedder.all))] + 0.05 * generator.standard_normal(384)
        vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        true = set(np.argsort(-(embedder.all @ vector))[:10].tolist())
        shares.append(len(true & {number for number, _ in index.nearest(vector, 10)}) / 10)
    return float(np.mean(shares))


def many(articles: Sequence[Article], count: int) -> list[Article]:
    """Return ``count`` articles of 256 tokens at most: the real ones, and mixtures of their sentences."""
    generator = np.random.default_rng(SEED)
    sentences = [part for one in articles for part in one.text.split(". ") if len(part) > 20]
    made = list(articles)
    while len(made) < count:
        picked = generator.integers(0, len(sentences), 5)
        text = ". ".join(sentences[place] for place in picked)[:900]
        made.append(Article(f"made:{len(made)}", "", (Section("", text),)))
    return made[:count]


def timed(run: Callable[[Any], object], arguments: Iterable[Any]) -> float:
    """Return the median milliseconds of ``run``."""
    taken = []
    for argument in arguments:
        began = time.perf_counter()
        run(argument)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def api() -> None:
    """Print what importing the API takes, and that nothing heavy is imported with it."""
    code = (
        "import time, resource, sys; t = time.perf_counter(); import app.main; "
        "memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024; "
        "print(round(time.perf_counter() - t, 2), memory, "
        "[m for m in ('torch', 'transformers', 'chromadb', 'tokenizers') if m in sys.modules])"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        print("seconds, MB, heavy modules:", done.stdout.strip())


def main() -> None:
    """Run one of the measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["quality", "build", "speed", "api"])
    parser.add_argument("data", type=Path, nargs="?", default=Path())
    parser.add_argument("--reranker", type=Path)
    parser.add_argument(
        "--keep", type=Path, default=Path(tempfile.gettempdir()) / "llmforge-benchmark-indexes"
    )
    given = parser.parse_args()
    if given.what == "quality":
        quality(given.data, given.keep, given.reranker)
    elif given.what == "build":
        build(given.data)
    elif given.what == "speed":
        speed(given.data)
    else:
        api()


if __name__ == "__main__":
    main()
