"""Scores of what was retrieved.

An example's ``supporting`` metadata names its gold articles by title or id. An article counts as
retrieved when any chunk of it was; its rank is the rank of its first chunk, counted in articles. Where
no gold articles are named, a passage that contains an accepted answer counts as relevant instead, and the
scores have names of their own. How many such passages the knowledge base has is unknown, so only hit and
reciprocal rank can be computed.
"""

import math
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

from app.domain.examples import Example
from app.domain.passages import Passage
from app.domain.prediction import ScoredSample
from app.domain.scoring import Score, ScoreDescription, ScoringRule
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.normalise import normalise
from app.services.evaluation.scorers.base import RegisteredScorer, Scorer, ScorerResources

GROUP = "retrieval"
SUPPORTING = "supporting"
"""Key of the metadata that names an example's gold articles."""
ANSWERED_BY = "answered_by"
"""Key of the metadata that says what the accepted answers are, if they are no answers: ``TITLES``."""
TITLES = "titles"
NDCG_DEPTH = 10
_CLOSED = frozenset({"yes", "no", "noanswer"})


async def retrieval_scorer(sample: ScoredSample, depth: int = NDCG_DEPTH) -> list[Score]:
    """Score the retrieved passages; no scores if the method retrieves nothing. See ``Scorer``."""
    passages = sample.prediction.passages
    return [] if passages is None else score_retrieval(passages, sample.example, sample.rule, depth)


def score_retrieval(
    passages: Sequence[Passage], example: Example, rule: ScoringRule, depth: int = NDCG_DEPTH
) -> list[Score]:
    """Return the scores of one retrieval; those of gold articles only where the example names them.

    Args:
        passages: best first.
        example: with accepted answers and, perhaps, gold articles.
        rule: of the dataset.
        depth: articles that the nDCG goes by; below 10 it is called ``ndcg_at_k``.
    """
    titles = example.metadata.get(ANSWERED_BY) == TITLES
    in_context = _TITLES_ONLY if titles else answer_in_context(passages, example.answers, rule)
    scores, gold = [in_context], gold_of(example)
    if not gold:
        return [*scores, *_by_answers(passages, example.answers, rule)]
    ranking = _articles(passages)
    ranks = _ranks(ranking, gold)
    found = f"{len(ranks)} of {len(gold)} gold articles, at {', '.join(map(str, ranks)) or 'no rank'}"
    return [
        *scores,
        Score("hit_at_k", float(bool(ranks)), found),
        Score("mrr", 1 / ranks[0] if ranks else 0.0, found),
        Score("all_at_k", float(len(ranks) == len(gold)), found),
        Score("recall_at_k", len(ranks) / len(gold), found),
        Score("ndcg_at_10" if depth == NDCG_DEPTH else "ndcg_at_k", ndcg(ranks, len(gold), depth), found),
    ]


_TITLES_ONLY = Score(
    "answer_in_context", None, "the accepted answers are the titles of the gold articles, and no answers"
)


def _by_answers(passages: Sequence[Passage], answers: Sequence[str], rule: ScoringRule) -> list[Score]:
    gold = _findable(answers, rule)
    if not gold:
        return []
    ranks = [rank for rank, one in enumerate(passages, start=1) if _held(one, gold, rule) is not None]
    reason = (
        f"passage {ranks[0]} contains an accepted answer"
        if ranks
        else "no passage contains an accepted answer"
    )
    return [
        Score("answer_hit_at_k", float(bool(ranks)), reason),
        Score("answer_mrr", 1 / ranks[0] if ranks else 0.0, reason),
    ]


def answer_in_context(passages: Sequence[Passage], answers: Sequence[str], rule: ScoringRule) -> Score:
    """Return whether the prompt held an accepted answer as whole words, both normalised.

    Unscored for "yes" and "no", which occur in passages by chance, and for numbers that the model has
    to compute.
    """
    name = "answer_in_context"
    gold = _findable(answers, rule)
    if not gold:
        return Score(name, None, "yes, no or a computed number: cannot be looked for in a passage")
    for number, passage in enumerate(passages, start=1):
        held = None if passage.dropped else _held(passage, gold, rule)
        if held is not None:
            return Score(name, 1.0, f"passage {number} contains “{held}”")
    return Score(name, 0.0, "no passage in the prompt contains an accepted answer")


def _findable(answers: Sequence[str], rule: ScoringRule) -> list[str]:
    """Return the normalised answers to look for; none if finding them in a passage would mean nothing."""
    gold = [text for text in (normalise(answer, rule) for answer in answers) if text]
    return [] if rule == "gsm8k" or _CLOSED.issuperset(gold) else gold


def _held(passage: Passage, gold: Sequence[str], rule: ScoringRule) -> str | None:
    """Return the first of ``gold`` that a passage holds as whole words."""
    text = f" {normalise(passage.chunk.searched, rule)} "
    return next((one for one in gold if f" {one} " in text), None)


def gold_of(example: Example) -> frozenset[str]:
    """Return the titles or ids of the gold articles, case-folded; empty if none are named."""
    named = example.metadata.get(SUPPORTING)
    if not isinstance(named, list):
        return frozenset()
    return frozenset(one.casefold() for one in named if isinstance(one, str) and one)


def ndcg(ranks: Sequence[int], gold: int, depth: int = NDCG_DEPTH) -> float:
    """Return the normalised discounted cumulative gain of gold articles at these ranks (from 1).

    Source: Järvelin and Kekäläinen 2002, with gains of 0 and 1.
    """
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(gold, depth) + 1))
    return sum(1 / math.log2(rank + 1) for rank in ranks if rank <= depth) / ideal


def _articles(passages: Sequence[Passage]) -> list[tuple[str, str]]:
    """Return title and id of each article, in the order of their first chunks."""
    return list(dict.fromkeys((p.chunk.title.casefold(), p.chunk.article.casefold()) for p in passages))


def _ranks(ranking: Sequence[tuple[str, str]], gold: frozenset[str]) -> list[int]:
    """Return the ranks (from 1) of gold articles, each counted once."""
    left, ranks = set(gold), []
    for rank, names in enumerate(ranking, start=1):
        hit = left.intersection(names)
        if hit:
            left -= hit
            ranks.append(rank)
    return ranks


def _retrieves(config: ExperimentConfig, _rule: ScoringRule) -> bool:
    return config.method.knowledge is not None


def _description(name: str, label: str, about: str, *, graded: bool = False) -> ScoreDescription:
    return ScoreDescription(name, 1, "graded" if graded else "binary", GROUP, label, about)


def _open(resources: ScorerResources) -> AbstractAsyncContextManager[Scorer]:
    """Open the scorer; the nDCG of a method that retrieves once goes no deeper than its ``top_k``."""
    method, depth = resources.config.method, NDCG_DEPTH
    if method.passages_in_prompt and method.knowledge is not None:
        depth = min(depth, method.knowledge.top_k)
    return nullcontext(partial(retrieval_scorer, depth=depth))


_SCORES = (
    _description(
        "answer_in_context", "Answer in context", "A passage in the prompt contains an accepted answer."
    ),
    _description("hit_at_k", "Hit@k", "At least one gold article was retrieved."),
    _description("all_at_k", "All gold@k", "All gold articles were retrieved."),
    _description("recall_at_k", "Recall@k", "Share of the gold articles that were retrieved.", graded=True),
    _description("mrr", "MRR", "Reciprocal rank of the first gold article.", graded=True),
    _description("ndcg_at_10", "nDCG@10", "Ranking quality of the first 10 articles.", graded=True),
    _description(
        "ndcg_at_k",
        "nDCG@k",
        "Ranking quality of the articles that were retrieved, which are fewer than 10.",
        graded=True,
    ),
    _description(
        "answer_hit_at_k",
        "Answer hit@k",
        "A passage that contains an accepted answer was retrieved; for questions without gold articles.",
    ),
    _description(
        "answer_mrr",
        "Answer MRR",
        "Reciprocal rank of the first passage that contains an accepted answer; for questions without gold "
        "articles.",
        graded=True,
    ),
)
RETRIEVAL = RegisteredScorer("retrieval", _SCORES, _open, _retrieves)
