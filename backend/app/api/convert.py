"""From stored rows to wire types."""

from typing import Any

from app.schemas.catalog import DatasetOut, ExampleOut
from app.schemas.experiment import ExperimentOut, ExperimentSummary
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.knowledge import ArticleOut, IndexOut, KnowledgeBaseOut
from app.schemas.result import ComparedExample, ResultOut, RunOut, RunSummary
from app.services.evaluation.metrics.stored import metrics_out

Row = Any  # a stored row: the API does not know the tables, only the names of their columns


def _summary(experiment: Row, result: Row | None) -> dict[str, Any]:
    own = (
        "id", "name", "description", "model", "method", "total", "status", "reason",
        "created_at", "queued_at", "started_at", "finished_at", "parent_id",
    )  # fmt: skip
    metrics = None if result is None else result.metrics
    return {
        **{name: getattr(experiment, name) for name in own},
        "progress": progress_of(experiment.progress),
        "dataset": experiment.dataset_name,
        "dataset_version": experiment.provenance["dataset"]["version"],
        "seed": experiment.config["seed"],
        "scores": metrics["scores"] if metrics else {},
        "failed_runs": metrics["counts"]["failed"] if metrics else None,
        "latency_p50_ms": metrics["latency_ms"]["p50"] if metrics else None,
        "cost_usd": metrics["cost_usd"]["total"] if metrics else None,
    }


def progress_of(stored: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return stored progress; that of before there was anything to prepare lacks the note."""
    return stored and {"note": None, **stored}


def experiment_summary(experiment: Row, result: Row | None) -> ExperimentSummary:
    """Return an experiment as lists show it."""
    return ExperimentSummary.model_validate(_summary(experiment, result))


def experiment_out(experiment: Row, result: Row | None) -> ExperimentOut:
    """Return an experiment in full."""
    return ExperimentOut.model_validate(
        {
            **_summary(experiment, result),
            "config": ExperimentConfig.model_validate(experiment.config),
            "config_hash": experiment.config_hash,
            "provenance": experiment.provenance,
        }
    )


def result_out(experiment: Row, result: Row, naive: Row | None) -> ResultOut:
    """Return a result with what is needed to repeat it."""
    return ResultOut.model_validate(
        {
            "experiment_id": experiment.id,
            "name": experiment.name,
            "status": experiment.status,
            "reason": experiment.reason,
            "metrics": metrics_out(result.metrics),
            "config": experiment.config,
            "provenance": result.provenance,
            "created_at": result.created_at,
            "tokens_to_naive": naive and _tokens_to_naive(naive),
        }
    )


def _tokens_to_naive(naive: Row) -> dict[str, Any]:
    tokens = naive.tokens
    ratio = {"ratio": tokens.ratio, "low": tokens.ratio_low, "high": tokens.ratio_high}
    return {"experiment_id": naive.experiment_id, "name": naive.name, "n": tokens.n, **ratio}


def _run(run: Row, example: Row) -> dict[str, Any]:
    own = (
        "id", "example_id", "repeat", "status", "failure_kind", "failure_message", "output", "answer",
        "parse_outcome", "parse_rule", "scores", "cached", "attempts", "latency_ms", "queue_ms",
        "prompt_tokens", "completion_tokens", "cost_usd", "created_at",
    )  # fmt: skip
    return {
        **{name: getattr(run, name) for name in own},
        "example_key": example.key,
        "question": example.question,
        "gold": example.answers,
    }


def run_summary(run: Row, example: Row) -> RunSummary:
    """Return a run as lists show it."""
    return RunSummary.model_validate(_run(run, example))


def compared_example(side: Row) -> ComparedExample:
    """Return a question with the runs of several experiments."""
    return ComparedExample(
        content_hash=side.example.content_hash,
        question=side.example.question,
        gold=side.example.answers,
        repeat=side.repeat,
        runs=[None if pair is None else run_summary(*pair) for pair in side.runs],
    )


def run_out(run: Row, example: Row) -> RunOut:
    """Return a run with its calls."""
    more = {
        "cluster": example.cluster,
        "metadata": example.extra,
        "content_hash": example.content_hash,
        "calls": run.calls,
        "retrieved": run.retrieved,
        "trace": run.trace,
    }
    return RunOut.model_validate({**_run(run, example), **more})


def dataset_out(dataset: Row) -> DatasetOut:
    """Return a dataset."""
    return DatasetOut.model_validate({name: getattr(dataset, name) for name in DatasetOut.model_fields})


def example_out(example: Row) -> ExampleOut:
    """Return an example."""
    own = {name: getattr(example, name) for name in ExampleOut.model_fields if name != "metadata"}
    return ExampleOut.model_validate({**own, "metadata": example.extra})


def knowledge_base_out(row: Row) -> KnowledgeBaseOut:
    """Return a knowledge base."""
    return KnowledgeBaseOut.model_validate(row, from_attributes=True)


def article_out(row: Row) -> ArticleOut:
    """Return an article."""
    return ArticleOut.model_validate(row, from_attributes=True)


def index_out(state: Any) -> IndexOut:
    """Return where an index stands."""
    return IndexOut.model_validate(state, from_attributes=True)
