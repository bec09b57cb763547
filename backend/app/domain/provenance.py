"""Provenance: what, beside the configuration, decides the result of an experiment.

It is stored as JSON with the experiment when that is created, copied to its result, and checked before
each run: an experiment does not go on with other prompts, another model or another index.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from app.domain.json import JsonObject


@dataclass(frozen=True, slots=True)
class DatasetProvenance:
    """The dataset of an experiment.

    Attributes:
        name: of the dataset.
        version: hash of its examples and scoring rule.
        size: examples in this version.
        scoring: name of its scoring rule.
    """

    name: str
    version: str
    size: int
    scoring: str


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """The version of this software.

    Attributes:
        version: of the installed package; ``None`` if it is not installed.
        commit: of the Git checkout; ``None`` outside of one.
        dirty: whether tracked files differ from that commit; ``None`` outside of a checkout.
    """

    version: str | None
    commit: str | None
    dirty: bool | None


@dataclass(frozen=True, slots=True)
class KnowledgeBaseProvenance:
    """The knowledge base that a method retrieves from.

    Attributes:
        id: primary key of this version.
        name: of the knowledge base.
        version: hash of its articles.
        size: articles in this version.
    """

    id: str
    name: str
    version: str
    size: int


@dataclass(frozen=True, slots=True)
class RetrievalProvenance:
    """What decides the retrieval beside the configuration.

    Attributes:
        knowledge_base: that is searched.
        index: name of the index, a hash of all that decides it; ``None`` if the embedding model was not
            on this machine when the experiment was created.
        reranker: fingerprint of the reranker's files; ``None`` if there is no reranker, or it was not on
            this machine.
    """

    knowledge_base: KnowledgeBaseProvenance
    index: str | None
    reranker: str | None

    def as_json(self) -> JsonObject:
        """Return the fields as they are stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: JsonObject) -> "RetrievalProvenance":
        """Return what ``as_json`` wrote."""
        knowledge_base = KnowledgeBaseProvenance(**_known(KnowledgeBaseProvenance, stored["knowledge_base"]))
        return cls(knowledge_base, stored["index"], stored["reranker"])

    def agrees_with(self, now: "RetrievalProvenance") -> bool:
        """Return whether index and reranker are still the same, as far as they were known before."""
        return self.index in {None, now.index} and self.reranker in {None, now.reranker}


@dataclass(frozen=True, slots=True)
class Provenance:
    """See the module's text.

    Attributes:
        config_hash: hash of the fields of the configuration that decide the answers.
        dataset: name, version, size and scoring rule.
        scorers: version of each scorer by name; results of equal versions may be compared.
        prompt_hash: hash of all texts that the method makes prompts of.
        model_fingerprint: hash of the endpoint's address, or of the model's file.
        code: version of this software.
        python: version of the interpreter.
        platform: operating system and processor architecture.
        packages: versions of the packages that can change an answer; ``None`` if not installed.
        retrieval: knowledge base, index and reranker; ``None`` if the method retrieves nothing.
        model_parameters: weights of the model, if the catalog knows their number.
        left_out: parameters that the configuration sets and the model does not take: of the catalog, and in
            results also those that it turned out to refuse.
        created_by: name of the API key with which it was created; ``None`` without named keys.
        own_scorers: a hash of the file of each scorer of the user's own, by the scorer's name: whether it
            has changed, though its version has not.
        imported: from which files of which harness it was imported; ``None`` for what was run here.
    """

    config_hash: str
    dataset: DatasetProvenance
    scorers: Mapping[str, int]
    prompt_hash: str
    model_fingerprint: str
    code: CodeVersion
    python: str
    platform: str
    packages: Mapping[str, str | None]
    retrieval: RetrievalProvenance | None = None
    model_parameters: float | None = None
    left_out: tuple[str, ...] = ()
    created_by: str | None = None
    own_scorers: Mapping[str, str] = field(default_factory=dict)
    imported: JsonObject | None = None

    def as_json(self) -> JsonObject:
        """Return the fields as they are stored; what there is none of is left out."""
        stored = asdict(self)
        for name in ("left_out", "own_scorers"):
            if not stored[name]:
                del stored[name]
        for name in ("retrieval", "created_by", "imported"):
            if stored[name] is None:
                del stored[name]
        return stored

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Provenance":
        """Return what ``as_json`` wrote; rows from before retrieval and model sizes lack both fields."""
        retrieval = stored.get("retrieval")
        nested = {
            "dataset": DatasetProvenance(**_known(DatasetProvenance, stored["dataset"])),
            "code": CodeVersion(**_known(CodeVersion, stored["code"])),
            "left_out": tuple(stored.get("left_out", ())),
            "retrieval": None if retrieval is None else RetrievalProvenance.from_json(retrieval),
        }
        return cls(**_known(cls, stored) | nested)


def _known(cls: type, stored: JsonObject) -> JsonObject:
    """Return the fields that this version knows; a later one may have stored more."""
    return {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
