"""From an item of a log to a run: its answer is read and scored as one that was given here."""

import uuid
from collections.abc import Mapping, Sequence

from app.domain.examples import Example
from app.domain.generation import GenerationResult
from app.domain.json import JsonObject
from app.domain.prediction import ParsedAnswer
from app.domain.run import RunRecord
from app.domain.scoring import Score, ScoringRule
from app.domain.status import FailureKind, RunStatus
from app.services.evaluation.scorers.text import text_scorers_of
from app.services.execution.expenses import usage_json
from app.services.harnesses.logs import LoggedAnswer
from app.services.methods.answer_extraction import read_answer

_NO_GOLD = "the log names no accepted answer"
_MILLI = 1000.0


class AnswerScoring:
    """Makes runs of the items of a log, with the harness's own scores and ours.

    Args:
        experiment_id: that the runs belong to.
        rule: of the dataset.
    """

    def __init__(self, experiment_id: uuid.UUID, rule: ScoringRule) -> None:
        self._experiment_id = experiment_id
        self._rule = rule
        self._scorers = [scorer for _, scorer in text_scorers_of(rule)]

    @staticmethod
    def versions(rule: ScoringRule) -> dict[str, int]:
        """Return the version of each of our scores that runs get."""
        return {description.name: description.version for description, _ in text_scorers_of(rule)}

    def runs(
        self, items: Sequence[LoggedAnswer], rows: Mapping[str, int], examples: Mapping[int, Example]
    ) -> list[RunRecord]:
        """Return the run of each item.

        Args:
            items: of one log.
            rows: the row id of the example of each question, by the question's key in the log.
            examples: as the dataset has them, by row id: the accepted answers are those of the dataset.
        """
        return [self._run(item, rows[item.key], examples[rows[item.key]]) for item in items]

    def _run(self, item: LoggedAnswer, row: int, example: Example) -> RunRecord:
        if item.output is None:
            message = item.error or "the log has no answer"
            return RunRecord(
                experiment_id=self._experiment_id,
                example_id=row,
                repeat=item.repeat,
                status=RunStatus.FAILED,
                failure_kind=FailureKind.INTERNAL,
                failure_message=message,
                attempts=1,
                calls=[
                    {
                        "messages": list(item.messages),
                        "error": {"kind": FailureKind.INTERNAL, "message": message},
                    }
                ],
            )
        result = GenerationResult(
            text=item.output,
            usage=item.usage,
            latency_s=None if item.latency_ms is None else item.latency_ms / _MILLI,
            finish_reason=item.finish_reason,
        )
        answer = read_answer(result, example.question, self._rule)
        ours = self._scores(item.output, answer, example)
        values = {score.name: score.value for score in ours}
        usage = item.usage
        return RunRecord(
            experiment_id=self._experiment_id,
            example_id=row,
            repeat=item.repeat,
            status=RunStatus.OK,
            output=item.output,
            answer=answer.text,
            parse_outcome=answer.outcome,
            parse_rule=answer.rule,
            exact_match=values.get("exact_match"),
            contains=values.get("contains"),
            f1=values.get("f1"),
            scores={**{score.name: score for score in ours}, **item.scores},
            attempts=1,
            latency_ms=item.latency_ms,
            model_ms=item.latency_ms,
            calls=[_call(item)],
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cost_usd=item.cost_usd,
            answered_calls=1,
        )

    def _scores(self, output: str, answer: ParsedAnswer, example: Example) -> list[Score]:
        if not example.answers:
            return [Score(one.name, None, _NO_GOLD) for one in self._scorers]
        return [one.judge(output, answer, example.answers, self._rule) for one in self._scorers]


def _call(item: LoggedAnswer) -> JsonObject:
    return {
        "messages": list(item.messages),
        "text": item.output,
        "finish_reason": item.finish_reason,
        "model": None,
        "system_fingerprint": None,
        **usage_json(item.usage),
        "latency_ms": item.latency_ms,
        "queue_ms": 0.0,
        "attempts": 1,
        "cached": False,
    }
