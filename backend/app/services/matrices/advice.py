"""What follows from a matrix, by rules: pure functions from its cells to sentences with their numbers.

``docs/guides/optimisation.md`` lists the rules under their names. A rule speaks only where intervals allow
it, and says nothing where a cell was not measured.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.domain.rounding import fixed, interval_in_points, signed_points
from app.schemas.matrix import AdviceKind, AdviceOut, MatrixCellOut, ScoreEquivalence, SpeedRatio
from app.schemas.matrix_config import MatrixConfig
from app.services.matrices.wording import milliseconds, number, ratio_text, score_text, share_text

LOW_SCORE = 0.5
"""Below it, more than half of the answers are wrong: their quality comes before their speed."""
FEW_ROUNDS = 3
SLOW_TAIL = 2.0
"""Times the baseline's 95th percentile of latency from which waiting users would notice."""
MOST_HITS = 0.9
"""Share of answers from the cache from which a warm trial shows what a cache is worth."""
LITTLE_REUSE = 0.1
"""Share of the prompt's tokens from the server's prompt cache below which there is nothing to reuse."""


@dataclass(frozen=True, slots=True)
class Row:
    """One method of a matrix.

    Attributes:
        method: its name.
        baseline: its cell with the baseline's optimisation.
        others: its other cells, in the order of the optimisations.
        config: of the matrix.
    """

    method: str
    baseline: MatrixCellOut
    others: Sequence[MatrixCellOut]
    config: MatrixConfig

    @property
    def measured(self) -> list[tuple[MatrixCellOut, SpeedRatio]]:
        """The cells with a speed ratio, without those that measure the cache.

        A warm one does not call the model, and a cold one is no way to run it that anybody would choose.
        """
        of_cache = {one.name for one in (self.config.cold, self.config.warm) if one is not None}
        return [
            (one, one.against.speed)
            for one in self.others
            if one.against and one.against.speed and one.optimisation not in of_cache
        ]

    def cell(self, optimisation: str) -> MatrixCellOut | None:
        """Return the cell of another optimisation than the baseline's."""
        return next((one for one in self.others if one.optimisation == optimisation), None)


Rule = Callable[[Row], Iterator[AdviceOut]]


def advice(config: MatrixConfig, cells: Sequence[MatrixCellOut]) -> list[AdviceOut]:
    """Return what follows from the cells: first what comes before any optimisation, then by method."""
    if not any(cell.score for cell in cells):
        return []
    rows = []
    for method in config.methods:
        own = [one for one in cells if one.method == method.name]
        baseline = next(one for one in own if one.optimisation == config.baseline)
        rows.append(Row(method.name, baseline, [one for one in own if one is not baseline], config))
    found = [*_low_score(rows), *_few_rounds(config)]
    return found + [one for row in rows for rule in RULES for one in rule(row)]


def _low_score(rows: Sequence[Row]) -> Iterator[AdviceOut]:
    """``low_score``: even the best method's interval is below one half."""
    scored = [(row, row.baseline.score) for row in rows if row.baseline.score]
    if not scored:
        return
    row, best = max(scored, key=lambda one: one[1].value)
    if best.high < LOW_SCORE:
        yield AdviceOut(
            rule="low_score",
            kind="first",
            method=None,
            text=f"Do not optimise yet: the best method, {row.method}, has a score of {score_text(best)}, so "
            "that more than half of its answers are wrong. A better model or method comes first; faster "
            "wrong answers are worth little.",
        )


def _few_rounds(config: MatrixConfig) -> Iterator[AdviceOut]:
    """``few_rounds``: too few to tell speed from chance."""
    if config.rounds < FEW_ROUNDS:
        yield AdviceOut(
            rule="few_rounds",
            kind="first",
            method=None,
            text=f"Do not rely on the speeds yet: of {config.rounds} rounds their spread is not known. Run "
            f"{FEW_ROUNDS} or more.",
        )


def _no_baseline(row: Row) -> Iterator[AdviceOut]:
    """``no_baseline``: nothing to compare with."""
    if row.baseline.score is None and any(one.score for one in row.others):
        yield _say(
            row,
            "no_baseline",
            "first",
            f"the baseline, {row.config.baseline}, has no completed trial. Without it nothing can be said of "
            "what the others are worth.",
        )


def _fastest(row: Row) -> Iterator[AdviceOut]:
    """``fastest``: of the faster ones whose score is better or within the margin, the surest one.

    ``same_answers``: if there is none, but a faster one that gave no other answer. ``more_questions``: or one
    whose score cannot be told from another.
    """
    faster = [(one, speed) for one, speed in row.measured if speed.differs and speed.value > 1]
    safe = [pair for pair in faster if _as_good(pair[0])]
    if safe:
        one, speed = max(safe, key=lambda pair: pair[1].low or 0)
        yield _say(
            row, "fastest", "use", f"use {one.optimisation}: {_speed(speed, row)}, {_answers(one, row)}."
        )
        return
    same = [pair for pair in faster if _all_same(pair[0])]
    if same:
        one, speed = max(same, key=lambda pair: pair[1].low or 0)
        yield _say(
            row,
            "same_answers",
            "use",
            f"use {one.optimisation}: {_speed(speed, row)}, and all {_pairs(one):,} answers are the same. "
            "That others would be, too, follows from no test, but nothing speaks against it.",
        )
        return
    unsure = [pair for pair in faster if _outcome(pair[0]) == "cannot_tell"]
    if unsure:
        one, speed = max(unsure, key=lambda pair: pair[1].low or 0)
        yield _say(
            row,
            "more_questions",
            "note",
            f"{one.optimisation} gives {_speed(speed, row)}, {_answers(one, row)}. Ask more questions before "
            "you rely on it, unless equal answers are enough for you.",
        )


def _worse(row: Row) -> Iterator[AdviceOut]:
    """``worse``: the score is worse, and not shown to be within the margin."""
    for one in row.others:
        found = one.against.score if one.against else None
        if found and found.outcome == "worse" and not found.within:
            yield _say(
                row,
                "worse",
                "avoid",
                f"avoid {one.optimisation}: it changes the answers for the worse, by "
                f"{signed_points(found.difference)} points {interval_in_points(found.low, found.high)}.",
            )


def _slower(row: Row) -> Iterator[AdviceOut]:
    """``slower``: the whole interval is below 1."""
    for one, speed in row.measured:
        if speed.differs and speed.value < 1:
            yield _say(
                row,
                "slower",
                "avoid",
                f"{one.optimisation} is slower than {row.config.baseline}: {ratio_text(speed)}.",
            )


def _no_gain(row: Row) -> Iterator[AdviceOut]:
    """``no_gain``: the interval contains 1."""
    same = [
        f"{one.optimisation} ({ratio_text(speed)})"
        for one, speed in row.measured
        if speed.low is not None and not speed.differs
    ]
    if same:
        yield _say(
            row,
            "no_gain",
            "note",
            f"no gain in speed can be shown for {', '.join(same)}: what is simpler is as good, as far as "
            "this matrix can tell.",
        )


def _tail(row: Row) -> Iterator[AdviceOut]:
    """``slow_tail``: a faster one lets single answers wait much longer."""
    before = row.baseline.latency_p95_ms
    slow = [
        f"{milliseconds(one.latency_p95_ms)} with {one.optimisation}"
        for one, speed in row.measured
        if speed.differs
        and speed.value > 1
        and before
        and one.latency_p95_ms
        and one.latency_p95_ms >= SLOW_TAIL * before
    ]
    if slow and before:
        yield _say(
            row,
            "slow_tail",
            "note",
            f"more answers a second, but each takes longer: the 95th percentile of latency is "
            f"{', '.join([f'{milliseconds(before)} with {row.config.baseline}', *slow])}. Where a person "
            "waits for the answer, that counts; where a job is to be done by morning, it does not.",
        )


def _batches(row: Row) -> Iterator[AdviceOut]:
    """``no_batches``: batches no faster than as many calls side by side."""
    ways = {one.name: one for one in row.config.optimisations}
    rates = {
        one.optimisation: one.questions_per_s
        for one in row.others
        if one.questions_per_s and one.questions_per_s.low is not None
    }
    for name, rate in rates.items():
        way = ways[name]
        if way.execution.mode != "batched":
            continue
        for other, beside in rates.items():
            peer = ways[other]
            alike = peer.execution.mode == "concurrent" and peer.cache == "none"
            if (
                alike
                and peer.concurrency == way.execution.batch_size
                and (beside.low or 0) > (rate.high or 0)
            ):
                yield _say(
                    row,
                    "no_batches",
                    "note",
                    f"{other} gives {fixed(beside.value, 2)} questions a second, {name} "
                    f"{fixed(rate.value, 2)}: each batch waits for its slowest answer.",
                )


def _warm(row: Row) -> Iterator[AdviceOut]:
    """``cache``: what a cache of answers gives where the same questions come again."""
    cold, warm = row.config.cold, row.config.warm
    if cold is None or warm is None:
        return
    before, after = row.cell(cold.name), row.cell(warm.name)
    if before is None or after is None or not before.questions_per_s or not after.questions_per_s:
        return
    if (after.hit_rate or 0) >= MOST_HITS:
        times = after.questions_per_s.value / before.questions_per_s.value
        saved = f", and saves ${fixed(before.usd_per_1000, 2)} of 1,000" if before.usd_per_1000 else ""
        yield _say(
            row,
            "cache",
            "use",
            f"leave the cache on where the same questions come again: {share_text(after.hit_rate)} of the "
            f"answers came from it, {number(times)} times as many a second as with a cold one{saved}. It "
            "gains nothing for new questions, and a latency that comes from it says nothing of the model.",
        )


def _prefix(row: Row) -> Iterator[AdviceOut]:
    """``little_reuse``: the server's prompt cache had little to reuse, though prompts were put in order."""
    ways = {one.name: one for one in row.config.optimisations}
    for one in row.others:
        rate = one.prompt_cache_rate
        if ways[one.optimisation].execution.schedule != "by_prefix" or rate is None:
            continue
        if rate < LITTLE_REUSE:
            yield _say(
                row,
                "little_reuse",
                "note",
                f"{one.optimisation} reused {share_text(rate)} of the prompts' tokens: they have too little "
                "in common at their beginning.",
            )


RULES: tuple[Rule, ...] = (
    _no_baseline,
    _fastest,
    _worse,
    _slower,
    _no_gain,
    _tail,
    _batches,
    _warm,
    _prefix,
)
"""The rules that speak of one method, in the order in which they do."""


def _say(row: Row, rule: str, kind: AdviceKind, text: str) -> AdviceOut:
    return AdviceOut(rule=rule, kind=kind, method=row.method, text=f"{row.method}: {text}")


def _as_good(cell: MatrixCellOut) -> bool:
    """Return whether the score is within the margin, or better by any."""
    found = cell.against.score if cell.against else None
    return found is not None and (found.within or found.outcome == "better")


def _outcome(cell: MatrixCellOut) -> str | None:
    return cell.against.score.outcome if cell.against and cell.against.score else None


def _all_same(cell: MatrixCellOut) -> bool:
    return bool(cell.against and cell.against.identical and cell.against.identical.value == 1)


def _pairs(cell: MatrixCellOut) -> int:
    return cell.against.identical.n if cell.against and cell.against.identical else 0


def _speed(speed: SpeedRatio, row: Row) -> str:
    return f"{ratio_text(speed)} as many questions a second as {row.config.baseline}"


def _answers(cell: MatrixCellOut, row: Row) -> str:
    against = cell.against
    same = against.identical if against else None
    parts = [f"{share_text(same.value)} of the answers the same"] if same else []
    if against and against.score:
        parts.append(_verdict(against.score, row.config))
    return ", ".join(parts)


def _verdict(found: ScoreEquivalence, config: MatrixConfig) -> str:
    name = config.score.replace("_", " ")
    if found.outcome == "equivalent":
        return f"{name} {found.sentence}"
    change = f"{signed_points(found.difference)} points {interval_in_points(found.low, found.high)}"
    if found.outcome == "cannot_tell":
        return f"but whether {name} is equivalent cannot be told from {found.units:,} questions ({change})"
    return f"{name} {found.sentence} ({change})"
