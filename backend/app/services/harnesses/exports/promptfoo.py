"""An experiment as the JSON of ``promptfoo eval -o results.json``, which ``promptfoo import`` takes.

A question is a test with the variables ``question`` and ``answers``; each repeat is a row of its own, as
``--repeat`` has it. Neither tests nor prompts stand in the configuration: when they are run again, promptfoo
fills in the templates in them, and a question is text of others.
"""

import uuid
from collections.abc import AsyncGenerator, Sequence

import orjson

from app.domain.hashing import content_hash
from app.domain.json import JsonObject
from app.services.harnesses.exports.exported import Exported, ExportedRun, Questions
from app.services.harnesses.exports.means import Mean
from app.services.harnesses.logs import OURS

_HARNESS = "promptfoo"
_PASS, _SCORE = "pass", "score"
_PRIMARY = "exact_match"
_NO_FAILURE, _WRONG, _ERROR = 0, 1, 2
"""Why a result did not pass, as promptfoo numbers it."""


class _Log:
    """One log while it is written.

    Args:
        experiment: of which.
    """

    def __init__(self, experiment: Exported) -> None:
        self._experiment = experiment
        self._names = experiment.names(_HARNESS)
        self._rows = 0
        self._counts = {"testPassCount": 0, "testFailCount": 0, "testErrorCount": 0}
        self._asserted = {"assertPassCount": 0, "assertFailCount": 0}
        self._score = 0.0
        self._means: dict[str, Mean] = {}
        self._tokens = {"prompt": 0, "completion": 0, "total": 0, "cached": 0, "numRequests": 0}
        self._latency_ms = 0.0
        self._cost = 0.0
        self.prompt = self._prompt()

    def results(self, runs: Sequence[ExportedRun]) -> list[JsonObject]:
        """Return the results of a question's runs, and count them."""
        made = []
        for run in runs:
            result = self._result(run)
            self._count(run, result)
            self._rows += 1
            made.append(result)
        return made

    def _result(self, run: ExportedRun) -> JsonObject:
        graded = self._graded(run)
        failed = run.output is None
        tokens = _tokens(run)
        latency = {} if run.latency_ms is None else {"latencyMs": run.latency_ms}
        response = (
            {"error": run.error}
            if failed
            else {
                "output": run.output,
                "tokenUsage": tokens,
                "cached": run.cached,
                **latency,
                **({} if run.finish_reason is None else {"finishReason": run.finish_reason}),
            }
        )
        reason = _NO_FAILURE if graded[_PASS] else _WRONG
        return {
            "id": str(uuid.uuid5(uuid.UUID(self._experiment.id), str(run.id))),
            "promptIdx": 0,
            "testIdx": self._rows,
            "testCase": {
                "description": f"{run.key}, repeat {run.repeat + 1}",
                "vars": _variables(run),
                "metadata": run.metadata,
            },
            "promptId": self.prompt["id"],
            "provider": {"id": self._experiment.model, "label": self._experiment.model},
            "prompt": {"raw": run.prompt, "label": self.prompt["label"]},
            "vars": _variables(run),
            "response": response,
            **({"error": run.error} if failed else {} if graded[_PASS] else {"error": graded["reason"]}),
            "success": not failed and graded[_PASS],
            "score": 0 if failed else graded[_SCORE],
            "failureReason": _ERROR if failed else reason,
            "gradingResult": None if failed else graded,
            "namedScores": graded["namedScores"],
            **latency,
            "cost": run.cost_usd or 0,
            "tokenUsage": tokens,
            "metadata": {OURS: run.identity},
        }

    def _graded(self, run: ExportedRun) -> JsonObject:
        """Return what promptfoo would say of an answer: whether it passes is exact match, if that is known.

        An imported one passes as promptfoo has said it. Without a score, as a test without assertions does.
        """
        values = {self._names.of(name): value for name, value in run.values.items()}
        reasons = {self._names.of(name): score.reason for name, score in run.scores.items()}
        named = {name: value for name, value in values.items() if name not in {_PASS, _SCORE}}
        score = values.get(_SCORE, values.get(_PASS, values.get(_PRIMARY)))
        passed = values.get(_PASS, 1.0 if score is None else score)
        return {
            _PASS: passed == 1,
            _SCORE: 1 if score is None else score,
            "reason": reasons.get(_PASS) or reasons.get(_PRIMARY) or "No assertions",
            "namedScores": named,
            "tokensUsed": {"total": 0, "prompt": 0, "completion": 0},
            "componentResults": [
                {
                    "pass": value == 1,
                    "score": value,
                    "reason": f"{name}: {reasons.get(name, '')}",
                    "namedScores": {name: value},
                }
                for name, value in named.items()
                if value in {0.0, 1.0}
            ],
        }

    def _count(self, run: ExportedRun, result: JsonObject) -> None:
        failed = run.output is None
        self._counts[
            "testErrorCount" if failed else "testPassCount" if result["success"] else "testFailCount"
        ] += 1
        for component in (result["gradingResult"] or {}).get("componentResults", ()):
            self._asserted["assertPassCount" if component["pass"] else "assertFailCount"] += 1
        self._score += result["score"]
        for name, value in result["namedScores"].items():
            self._means.setdefault(name, Mean()).add([value])
        for name in self._tokens:
            self._tokens[name] += result["tokenUsage"].get(name, 0)
        self._latency_ms += run.latency_ms or 0.0
        self._cost += run.cost_usd or 0.0

    def _prompt(self) -> JsonObject:
        one = self._experiment
        template = one.method.get("template")
        raw = template if isinstance(template, str) else str(one.method["name"])
        return {
            "id": content_hash([one.id, raw]),
            "raw": raw,
            "label": one.name,
            "provider": one.model,
        }

    def end(self) -> JsonObject:
        """Return what stands beside the results."""
        named = {name: (mean.value or 0.0) * mean.values for name, mean in self._means.items()}
        metrics = {
            "score": self._score,
            **self._counts,
            **self._asserted,
            "totalLatencyMs": self._latency_ms,
            "tokenUsage": self._tokens,
            "namedScores": named,
            "namedScoresCount": {name: mean.values for name, mean in self._means.items()},
            "cost": self._cost,
        }
        one = self._experiment
        seconds = 0.0 if one.started_at is None else (one.when - one.started_at).total_seconds()
        return {
            "prompts": [{**self.prompt, "metrics": metrics}],
            "stats": {
                "successes": self._counts["testPassCount"],
                "failures": self._counts["testFailCount"],
                "errors": self._counts["testErrorCount"],
                "tokenUsage": self._tokens,
                "durationMs": round(seconds * 1000),
            },
        }


def _variables(run: ExportedRun) -> JsonObject:
    return {"question": run.question, "answers": list(run.golds)}


def _tokens(run: ExportedRun) -> JsonObject:
    usage = run.usage
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    known = {"prompt": prompt, "completion": completion}
    return {
        **{name: count for name, count in known.items() if count is not None},
        "total": (prompt or 0) + (completion or 0),
        "cached": (prompt or 0) + (completion or 0) if run.cached else 0,
        "numRequests": len(run.calls),
    }


async def write(experiment: Exported, questions: Questions) -> AsyncGenerator[bytes]:
    """Yield the file of an experiment, question by question."""
    log = _Log(experiment)
    timestamp = experiment.when.isoformat()
    yield b'{"evalId":%b,"results":{"version":3,"timestamp":%b,"results":[' % (
        orjson.dumps(f"eval-{experiment.id}"),
        orjson.dumps(timestamp),
    )
    before = b"\n"
    async for runs in questions:
        for result in log.results(runs):
            yield before + orjson.dumps(result)
            before = b",\n"
    ending = orjson.dumps(log.end())
    config = {
        "description": experiment.name,
        "tags": {},
        "prompts": [],
        "providers": [],
        "tests": [],
        "metadata": {OURS: experiment.about},
    }
    about = {"evaluationCreatedAt": experiment.created_at.isoformat()}
    yield b"\n],%b,%b}\n" % (
        ending[1:],
        orjson.dumps({"vars": ["question", "answers"], "config": config, "metadata": about})[1:-1],
    )
