"""What the configuration of each method tells about the method."""

from typing import Any, get_args

import pytest

from app.domain.scoring import ScoringRule
from app.schemas.method_base import MethodConfigBase
from app.schemas.method_config import METHODS, method_name
from app.services.methods.registry import build_method
from tests.factories import config


def method(**fields: Any) -> MethodConfigBase:
    return config(method=fields, params={"temperature": 1}).method


@pytest.mark.parametrize("name", METHODS)
class TestEachMethod:
    def test_can_be_built_for_every_scoring(self, name: str) -> None:
        for rule in get_args(ScoringRule):
            assert build_method(method(name=name), rule).name == name

    def test_facts_fit_its_fields(self, name: str) -> None:
        configured = METHODS[name]
        assert method_name(configured) == name
        assert {*configured.cost_fields, configured.feature_field} <= set(configured.model_fields)
        assert configured.label
        assert configured.max_tokens > 0

    def test_is_identified_by_all_its_fields(self, name: str) -> None:
        assert len(method(name=name).identity()) == len(METHODS[name].model_fields)


def test_labels_differ() -> None:
    assert len({configured.label for configured in METHODS.values()}) == len(METHODS)


@pytest.mark.parametrize(
    ("fields", "facts"),
    [
        ({"name": "naive"}, (1, 1, 0, False, False)),
        ({"name": "cot", "samples": 5}, (5, 5, 0, False, False)),
        ({"name": "rag", "top_k": 3, "chunk_tokens": 100}, (1, 1, 300, True, False)),
        ({"name": "react"}, (6, 1, 1000, True, False)),
        ({"name": "react", "tools": ["wikipedia_search"]}, (6, 1, 1000, False, True)),
    ],
)
def test_facts(fields: dict[str, Any], facts: tuple[int, int, int, bool, bool]) -> None:
    made = method(**fields)
    knowledge = made.knowledge is not None
    assert (made.most_calls, made.votes, made.retrieved_tokens, knowledge, made.uses_wikipedia) == facts


def test_cost_key_has_what_decides_the_tokens_of_a_call() -> None:
    made = method(name="rag", top_k=3, template="{passages} {question}?")
    assert made.cost_key() == {"name": "rag", "top_k": 3, "chunk_tokens": 256}
