"""Scores of what was retrieved, and where an answer went wrong.

Gold passages are known where the dataset names them: an example's ``supporting`` lists titles or ids of
articles. An article counts as retrieved when any chunk of it was; its rank is that of its first
chunk among the articles. Where none are named, a passage is relevant that holds an accepted answer: how
many there are of these nobody knows, so that only hit and reciprocal rank can be told.
"""

import math
from collections.abc import Mapping, Sequence

from app.domain.examples import Example
from app.domain.passages import Passage
from app.domain.prediction import Score
from app.services.evaluation.scorers import ScoringRule, normalise

SUPPORTING = "supporting"
"""Field of an example that names its gold articles."""
NDCG_DEPTH = 10
_CLOSED = frozenset({"yes", "no", "noanswer"})

ATTRIBUTIONS = ("supported", "unsupported", "misread", "not_retrieved")
"""Right with the answer in the prompt; right without it; wrong in spite of it; wrong without it."""


def score_retrieval(passages: Sequence[Passage], example: Example, rule: ScoringRule) -> list[Score]:
    """Return the scores of one retrieval; those of gold passages only where the example names them."""
    scores = [answer_in_context(passages, example.answers, rule)]
    gold = gold_of(example)
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
        Score("ndcg_at_10", ndcg(ranks, len(gold)), found),
    ]


def _by_answers(passages: Sequence[Passage], answers: Sequence[str], rule: ScoringRule) -> list[Score]:
    gold = _findable(answers, rule)
    if not gold:
        return []
    ranks = [rank for rank, one in enumerate(passages, start=1) if _held(one, gold, rule) is not None]
    reason = (
        f"passage {ranks[0]} holds an accepted answer" if ranks else "no passage holds an accepted answer"
    )
    return [
        Score("hit_at_k", float(bool(ranks)), reason),
        Score("mrr", 1 / ranks[0] if ranks else 0.0, reason),
    ]


def answer_in_context(passages: Sequence[Passage], answers: Sequence[str], rule: ScoringRule) -> Score:
    """Return whether the prompt held an accepted answer, word for word once normalised.

    Unscored for yes and no, which say nothing when they stand in a passage, and for numbers that
    are to be computed.
    """
    name = "answer_in_context"
    gold = _findable(answers, rule)
    if not gold:
        return Score(name, None, "the answer is not of a kind that stands in a passage")
    for number, passage in enumerate(passages, start=1):
        said = None if passage.dropped else _held(passage, gold, rule)
        if said is not None:
            return Score(name, 1.0, f"passage {number} holds “{said}”")
    return Score(name, 0.0, "no passage in the prompt holds an accepted answer")


def _findable(answers: Sequence[str], rule: ScoringRule) -> list[str]:
    """Return the accepted answers as they are looked for; none if they are not of a kind to be found."""
    gold = [text for text in (normalise(answer, rule) for answer in answers) if text]
    return [] if rule == "gsm8k" or _CLOSED.issuperset(gold) else gold


def _held(passage: Passage, gold: Sequence[str], rule: ScoringRule) -> str | None:
    """Return the answer that a passage holds as whole words."""
    text = f" {normalise(passage.chunk.searched, rule)} "
    return next((one for one in gold if f" {one} " in text), None)


def gold_of(example: Example) -> frozenset[str]:
    """Return the titles or ids of the gold articles, as they are compared; empty if none are named."""
    named = example.metadata.get(SUPPORTING)
    if not isinstance(named, list):
        return frozenset()
    return frozenset(one.casefold() for one in named if isinstance(one, str) and one)


def ndcg(ranks: Sequence[int], gold: int, depth: int = NDCG_DEPTH) -> float:
    """Return the normalised discounted cumulative gain of gold articles at these ranks, from 1.

    Järvelin and Kekäläinen 2002 with gains of 0 and 1.
    """
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(gold, depth) + 1))
    return sum(1 / math.log2(rank + 1) for rank in ranks if rank <= depth) / ideal


def attribution(scores: Mapping[str, float | None]) -> str | None:
    """Return where an answer went right or wrong; ``None`` if retrieval cannot tell.

    An answer counts as right if it holds an accepted one: how it is worded is not the question here.
    """
    in_context = scores.get("answer_in_context")
    right = [value for name in ("exact_match", "contains") if (value := scores.get(name)) is not None]
    if in_context is None or not right:
        return None
    if max(right) >= 1:
        return "supported" if in_context else "unsupported"
    return "misread" if in_context else "not_retrieved"


def _articles(passages: Sequence[Passage]) -> list[tuple[str, str]]:
    """Return title and id of each article, in the order of their first chunks."""
    return list(dict.fromkeys((p.chunk.title.casefold(), p.chunk.article.casefold()) for p in passages))


def _ranks(ranking: Sequence[tuple[str, str]], gold: frozenset[str]) -> list[int]:
    """Return the ranks, from 1, at which gold articles stand, each counted once."""
    left, ranks = set(gold), []
    for rank, names in enumerate(ranking, start=1):
        hit = left.intersection(names)
        if hit:
            left -= hit
            ranks.append(rank)
    return ranks
