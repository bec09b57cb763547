"""Scores and metrics: what they say of themselves, with their formulas and sources."""

from collections.abc import Iterator
from types import ModuleType

from app.domain.metrics import FigureDescription
from app.services.evaluation.metrics import caching, figures
from app.services.evaluation.metrics.registry import METRICS
from app.services.evaluation.scorers.registry import SCORERS
from tools.reference.markdown import cell, code, page, plain, table

_ABOUT = """\
A *score* is a number in [0, 1] for one run, higher is better, or *unscored* with the reason. A *metric* is a number
for a whole experiment. `GET /api/v1/scores` lists the scores. In the formulas: a is the answer and g the accepted
answers, both normalised by the rule of the dataset; R the retrieved articles, G the gold articles; rank is counted in
articles from 1; n is the number of answered runs."""

FORMULAS: dict[str, tuple[str, str]] = {
    "exact_match": ("1 if a is in g, else 0", "Rajpurkar et al. 2016 (SQuAD); Joshi et al. 2017 (TriviaQA)"),
    "contains": (
        "1 if an accepted answer is in a as whole words, else 0",
        "Joshi et al. 2017, as a looser match",
    ),
    "f1": (
        "largest over g of 2·P·R / (P + R); P, R: shared words by the words of a, and by those of the accepted answer",
        "Rajpurkar et al. 2016",
    ),
    "number_strict": (
        "1 if the number after `####` has the value of an accepted one",
        "Cobbe et al. 2021 (GSM8K)",
    ),
    "number_flexible": (
        "1 if the last number has the value of an accepted one",
        "Cobbe et al. 2021, as a looser match",
    ),
    "number_official": (
        "1 if the text after `####` equals an accepted one",
        "Cobbe et al. 2021, the authors' script",
    ),
    "reader_match": (
        "exact match of the answer that the reader model names where the rules are unsure",
        "own",
    ),
    "reader_agrees": ("1 if the reader model finds the rules' answer, on a sample", "own"),
    "answer_in_context": (
        "1 if a passage in the prompt contains an accepted answer",
        "Karpukhin et al. 2020",
    ),
    "hit_at_k": ("1 if R ∩ G is not empty", "Manning, Raghavan, Schütze 2008, ch. 8"),
    "all_at_k": ("1 if G ⊆ R", "Yang et al. 2018 (HotpotQA), both articles"),
    "recall_at_k": ("|R ∩ G| / |G|", "Manning, Raghavan, Schütze 2008, ch. 8"),
    "mrr": ("1 / rank of the first article of G; 0 without one", "Voorhees 1999"),
    "ndcg_at_10": (
        "Σ 1/log₂(rank + 1) over the gold articles with rank ≤ 10, by the same sum of the best order",
        "Järvelin and Kekäläinen 2002, gains 0 and 1",
    ),
    "ndcg_at_k": ("as nDCG@10, for k < 10 retrieved articles", "Järvelin and Kekäläinen 2002"),
    "answer_hit_at_k": ("1 if a passage contains an accepted answer", "Karpukhin et al. 2020"),
    "answer_mrr": ("1 / rank of the first passage that contains an accepted answer", "Voorhees 1999"),
    "faithfulness": (
        "the judge's probability that the passages entail the answer",
        "Honovich et al. 2022 (TRUE)",
    ),
    "faithful": ("1 if faithfulness ≥ 0.5", "Honovich et al. 2022"),
    "hallucination_rate": (
        "answers with faithfulness < 0.5 / judged answers",
        "own; the share that is not faithful",
    ),
    "throughput_per_s": ("uncached answers / seconds of work", "own"),
    "tokens_per_answer": ("Σ (prompt + completion tokens) / n", "own"),
    "wall_s": ("time of the last run − time of the first, without pauses", "own"),
    "gpu_seconds_estimate": (
        "2 · parameters · tokens / (312 TFLOP/s · 0.4)",
        "Kaplan et al. 2020 for 2 FLOP a parameter and token; NVIDIA's A100 data sheet for bf16",
    ),
}
"""Formula and source of each score and each single metric; a test asks for all of them."""

_INTERVALS = """\
## Intervals and tests

All intervals are of 95 % unless another level is named. The code names the equations it uses.

| of | method | source |
| --- | --- | --- |
| a share of independent runs | Wilson's score interval | Wilson 1927; Brown, Cai, DasGupta 2001, eq. 4 |
| a mean of graded scores | BCa bootstrap, seeded | Efron 1987; Efron and Tibshirani 1993, ch. 14 |
| scores of questions with repeats, or in clusters | spread between units, with its own degrees of freedom | Liang and Zeger 1986; Bell and McCaffrey 2002; Miller 2024 |
| a difference of two paired shares | Tango's interval, McNemar's exact test | Tango 1998; McNemar 1947; Fagerland, Lydersen and Laake 2013 |
| a difference of paired graded scores | sign-flip test | Fisher 1935; Phipson and Smyth 2010 |
| several comparisons | p adjusted by Holm, simultaneous intervals | Holm 1979; Guilbaud 2008; Strassburger and Bretz 2008 |
| equivalence within a margin | two one-sided tests | Schuirmann 1987; Westlake 1981 |
| a paired difference that is looked at after every question | betting confidence sequence | Waudby-Smith and Ramdas 2024; Orabona and Jun 2021 |
| questions needed | power of McNemar's test, or of clustered means | Miettinen 1968; Connor 1987; Miller 2024 |
| what failed runs could change | bounds from all wrong to all right | Manski 1990 |

How well the intervals cover was measured: [benchmarks](../benchmarks.md); what they mean for a decision is in
[statistics for engineers](../explanation/statistics.md).
"""


def metrics() -> str:
    """Return the page."""
    return page("Metrics", _ABOUT, [*_scores(), _single(), _others(), _INTERVALS])


def _scores() -> Iterator[str]:
    by_group: dict[str, list[list[str]]] = {}
    for score in SCORERS.descriptions():
        formula, source = FORMULAS[score.name]
        label = f"{cell(score.label)}<br>{code(score.name)}"
        row = [label, cell(plain(score.help)), cell(formula), cell(source)]
        by_group.setdefault(score.group, []).append(row)
    for group, rows in by_group.items():
        yield f"## Scores: {group}\n\n{table(['score', 'meaning', 'formula', 'source'], rows)}"


def _single() -> str:
    rows = []
    for metric in METRICS:
        about = metric.description
        formula, source = FORMULAS[about.name]
        label = f"{cell(about.label)}<br>{code(about.name)}"
        rows.append([label, cell(plain(about.help)), cell(formula), cell(source)])
    return f"## Metrics\n\n{table(['metric', 'meaning', 'formula', 'source'], rows)}"


def _others() -> str:
    rows = [
        [cell(each.label), code(each.name), cell(plain(each.help))]
        for module in (figures, caching)
        for each in _descriptions(module)
    ]
    return f"## Counts, time, tokens, cost\n\n{table(['figure', 'name', 'meaning'], rows)}"


def _descriptions(module: ModuleType) -> list[FigureDescription]:
    return [each for each in vars(module).values() if isinstance(each, FigureDescription)]
