"""What has to be known to run an experiment again and to trust its result."""

import platform
import subprocess
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from app.core.config import PROJECT_ROOT
from app.domain.hashing import content_hash
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.measures import FAITHFULNESS, RETRIEVAL, Measure
from app.services.evaluation.scorers import Scorer, ScoringRule, scorers_for
from app.services.methods.base import Method

_PACKAGES = ("aiohttp", "huggingface-hub", "numpy", "sqlalchemy", "xllamacpp")
_RETRIEVAL_PACKAGES = (
    "chromadb",
    "rank-bm25",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
)


@lru_cache(maxsize=1)
def code_version() -> dict[str, Any]:
    """Return the package's version, and the commit if this is a checkout (``dirty``: with changes)."""
    return {"version": _version("llmforge"), **_git()}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git() -> dict[str, Any]:
    try:
        head, status = (
            subprocess.run(
                ["git", "-C", str(PROJECT_ROOT), *args],
                capture_output=True,
                text=True,
                check=True,
                timeout=5,
            ).stdout.strip()
            for args in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}
    return {"commit": head, "dirty": bool(status)}


def build_provenance(
    config: ExperimentConfig,
    method: Method,
    dataset: dict[str, Any],
    rule: ScoringRule,
    model_fingerprint: str,
    retrieval: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return everything that, beside the configuration, decides a result."""
    return {
        "config_hash": config.hash(),
        "dataset": dataset,
        "scorers": {scorer.name: scorer.version for scorer in _measures(config, rule)},
        "prompt_hash": content_hash(method.template),
        "model_fingerprint": model_fingerprint,
        "code": code_version(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {
            name: _version(name) for name in (*_PACKAGES, *(_RETRIEVAL_PACKAGES if retrieval else ()))
        },
        **({"retrieval": retrieval} if retrieval else {}),
    }


def _measures(config: ExperimentConfig, rule: ScoringRule) -> list[Scorer | Measure]:
    """Return all that the runs will be scored by."""
    retrieval = RETRIEVAL if config.method.knowledge else ()
    return [*scorers_for(rule), *retrieval, *(FAITHFULNESS if config.faithfulness else ())]
