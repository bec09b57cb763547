"""Tests of provenance as it is stored and read."""

from dataclasses import replace

from app.domain.provenance import (
    CodeVersion,
    DatasetProvenance,
    KnowledgeBaseProvenance,
    Provenance,
    RetrievalProvenance,
)

PLAIN = Provenance(
    config_hash="c",
    dataset=DatasetProvenance("quiz", "0123", 20, "triviaqa"),
    scorers={"exact_match": 1},
    prompt_hash="p",
    model_fingerprint="m",
    code=CodeVersion("0.1", "abc", dirty=False),
    python="3.11",
    platform="Linux x86_64",
    packages={"numpy": "2.3", "xllamacpp": None},
    model_parameters=1e9,
)
RETRIEVAL = RetrievalProvenance(KnowledgeBaseProvenance("id", "wiki", "4567", 3), "index", None)


class TestJson:
    def test_is_stored_under_the_names_of_the_fields(self) -> None:
        stored = PLAIN.as_json()
        assert list(stored) == [
            *("config_hash", "dataset", "scorers", "prompt_hash", "model_fingerprint", "code"),
            *("python", "platform", "packages", "model_parameters"),
        ]
        assert stored["dataset"] == {"name": "quiz", "version": "0123", "size": 20, "scoring": "triviaqa"}
        assert stored["code"] == {"version": "0.1", "commit": "abc", "dirty": False}

    def test_retrieval_is_stored_where_there_is_any(self) -> None:
        stored = replace(PLAIN, retrieval=RETRIEVAL).as_json()
        assert stored["retrieval"] == {
            "knowledge_base": {"id": "id", "name": "wiki", "version": "4567", "size": 3},
            "index": "index",
            "reranker": None,
        }

    def test_is_read_as_it_was_written(self) -> None:
        for provenance in (PLAIN, replace(PLAIN, retrieval=RETRIEVAL)):
            assert Provenance.from_json(provenance.as_json()) == provenance

    def test_older_and_newer_rows_are_read(self) -> None:
        stored = PLAIN.as_json()
        del stored["model_parameters"]
        assert Provenance.from_json({**stored, "unknown": 1}) == replace(PLAIN, model_parameters=None)


class TestAgreement:
    def test_a_changed_index_or_reranker_does_not_agree(self) -> None:
        assert RETRIEVAL.agrees_with(RETRIEVAL)
        assert not RETRIEVAL.agrees_with(replace(RETRIEVAL, index="other"))
        assert not replace(RETRIEVAL, reranker="old").agrees_with(replace(RETRIEVAL, reranker="new"))

    def test_what_was_not_known_before_agrees_with_anything(self) -> None:
        before = replace(RETRIEVAL, index=None)
        assert before.agrees_with(replace(RETRIEVAL, index="now known", reranker="now known"))
