"""What a bundle consists of: the names of its files, and its manifest."""

import hashlib
import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field

from app.domain.json import JsonObject
from app.domain.scoring import ScoreFamily

FORMAT = 1
"""Version of the layout; raise it when an older program could not read a bundle any more."""
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
README = "README.md"
PACKAGES = "packages.txt"
COMPARISON = "comparison.json"
EXPERIMENT = "experiment.json"
RESULT = "result.json"
RUNS = "runs.jsonl"
_DIGEST = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>.+)")

QUESTION_FIELDS = ("question", "gold", "metadata")
"""Of a run in an export: what belongs to its question, and stands in the dataset's file."""
TEXT_FIELDS = ("calls", "retrieved")
"""Of a run in an export: what quotes questions, and is left out with them."""


class BundledExperiment(BaseModel):
    """An experiment in a bundle."""

    model_config = ConfigDict(frozen=True)

    folder: str = Field(pattern=r"^experiments/[0-9]{2}$")
    name: str
    dataset: str | None = Field(description="File of its questions; null if they were left out.")


class Manifest(BaseModel):
    """What a bundle says of itself."""

    model_config = ConfigDict(frozen=True)

    format: int
    llmforge: str | None = Field(description="Version that wrote it.")
    commit: str | None
    created_at: str
    experiments: list[BundledExperiment] = Field(min_length=1, max_length=12)
    margin: float = Field(description="Of the comparison: the largest difference that does not matter.")
    family: ScoreFamily


def sums_text(digests: Mapping[str, str]) -> str:
    """Return the digests of files as ``sha256sum --check`` reads them."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def read_sums(text: str) -> dict[str, str]:
    """Return the digest of each file.

    Raises:
        ValueError: if a line is no digest.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _DIGEST.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} of {SUMS} is no digest of a file")
        found[match["name"]] = match["digest"]
    return found


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file as hex digits."""
    return hashlib.sha256(content).hexdigest()


def readme(names: Sequence[str], without_dataset: Sequence[str]) -> str:
    """Return what a bundle tells a person.

    Args:
        names: of the experiments, as Markdown.
        without_dataset: those of them whose questions were left out.
    """
    lines = [
        "# A bundle of LlmForge",
        "",
        "Experiments with everything that their numbers are computed from:",
        "",
        *(f"{number}. {name}" for number, name in enumerate(names, 1)),
        "",
        "| file | what |",
        "| --- | --- |",
        f"| `experiments/NN/{EXPERIMENT}` | configuration, seed, provenance (dataset, scorers, model, …) |",
        f"| `experiments/NN/{RUNS}` | each run: output, answer, scores, calls with the prompts as sent |",
        f"| `experiments/NN/{RESULT}` | the numbers of the result, as stored and as shown |",
        "| `datasets/` | the questions that were asked, with accepted answers |",
        f"| `{COMPARISON}` | the numbers of the comparison; the first experiment is the baseline |",
        f"| `{PACKAGES}` | all Python packages of the installation that wrote this file |",
        f"| `{SUMS}` | for `sha256sum --check {SUMS}` |",
        "",
        "`llmforge verify FILE` computes the numbers again, from the runs alone, without a database or a",
        "network, and lists what differs.",
    ]
    if without_dataset:
        lines += [
            "",
            "The questions, accepted answers and prompts of these were left out, and cannot be derived from",
            f"the hashes that stand in their place: {', '.join(without_dataset)}. Their scores are taken as",
            "they are; all that is computed from these is computed again.",
        ]
    return "\n".join(lines) + "\n"


def without_questions(row: JsonObject) -> JsonObject:
    """Return a run of an export without what belongs to its question, which stands elsewhere."""
    return {name: value for name, value in row.items() if name not in QUESTION_FIELDS}


def without_texts(row: JsonObject) -> JsonObject:
    """Return a run of an export without what quotes its question."""
    emptied: JsonObject = {name: [] for name in TEXT_FIELDS if row[name] is not None}
    trace = row["trace"]
    return {**row, **emptied, "trace": None if trace is None else {"summary": trace["summary"]}}
