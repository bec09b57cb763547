"""Collects the provenance of a new experiment; ``app.domain.provenance`` says what that is."""

import platform
import subprocess
from functools import lru_cache

from app.core.access import acting
from app.core.config import PROJECT_ROOT
from app.core.packages import package_version
from app.domain.hashing import content_hash
from app.domain.provenance import CodeVersion, DatasetProvenance, Provenance, RetrievalProvenance
from app.domain.scoring import ScoringRule
from app.schemas.experiment_config import ExperimentConfig
from app.services.evaluation.scorers.registry import SCORERS
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
def code_version() -> CodeVersion:
    """Return the version of this software, and its commit if it runs from a checkout."""
    commit, dirty = _git()
    return CodeVersion(package_version("llmforge"), commit, dirty)


def _git() -> tuple[str | None, bool | None]:
    """Return the commit of the checkout, and whether tracked files differ from it."""
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
        return None, None
    return head, bool(status)


def build_provenance(
    config: ExperimentConfig,
    method: Method,
    dataset: DatasetProvenance,
    rule: ScoringRule,
    *,
    model_fingerprint: str,
    model_parameters: float | None,
    retrieval: RetrievalProvenance | None,
    left_out: tuple[str, ...] = (),
) -> Provenance:
    """Return the provenance of an experiment that is created now.

    Args:
        config: of the experiment.
        method: as it prompts for this dataset.
        dataset: that the questions come from.
        rule: its scoring rule.
        model_fingerprint: of the model.
        model_parameters: weights of the model, if the catalog knows their number.
        retrieval: what the method retrieves from, if it retrieves.
        left_out: parameters of the configuration that the catalog knows the model does not take.
    """
    packages = (*_PACKAGES, *(_RETRIEVAL_PACKAGES if retrieval else ()))
    return Provenance(
        config_hash=config.hash(),
        dataset=dataset,
        scorers={score.name: score.version for one in SCORERS.of(config, rule) for score in one.scores},
        prompt_hash=content_hash(method.template),
        model_fingerprint=model_fingerprint,
        code=code_version(),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        packages={name: package_version(name) for name in packages},
        retrieval=retrieval,
        model_parameters=model_parameters,
        left_out=left_out,
        created_by=acting(),
        own_scorers=SCORERS.own_files(one.name for one in SCORERS.of(config, rule)),
    )
