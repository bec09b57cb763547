"""Tests of expanding a comparison into its experiments."""

from typing import Any

import pytest

from app.core.errors import InvalidInput
from app.schemas.comparison import ComparisonConfig
from app.schemas.method_config import NaiveMethodConfig
from app.services.comparisons.service import expand

BASE: dict[str, Any] = {
    "model": "mock/hash",
    "dataset": {"name": "quiz", "n": 5},
    "params": {"temperature": 0.5, "max_tokens": 32},
    "seed": 7,
}


def comparison(*variants: dict[str, Any], **base: Any) -> ComparisonConfig:
    return ComparisonConfig.model_validate(
        {"name": "Two ways", "description": "Why", "base": {**BASE, **base}, "variants": variants}
    )


def problems(config: ComparisonConfig) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        expand(config)
    return {error.field: error.message for error in caught.value.errors}


class TestExpand:
    def test_names_and_what_is_shared(self) -> None:
        first, second = expand(comparison({"name": "plain"}, {"name": "long", "params": {"max_tokens": 99}}))
        assert (first.name, second.name) == ("Two ways: plain", "Two ways: long")
        assert (first.description, first.seed, first.dataset) == ("Why", 7, second.dataset)

    def test_mappings_are_merged(self) -> None:
        _, second = expand(comparison({"name": "a"}, {"name": "b", "params": {"max_tokens": 99}}))
        assert (second.params.max_tokens, second.params.temperature) == (99, 0.5)

    def test_a_method_replaces_the_base_s(self) -> None:
        method = {"name": "naive", "template": "{question}?", "system": "Be brief."}
        first, second = expand(
            comparison({"name": "a"}, {"name": "b", "method": {"name": "naive"}}, method=method)
        )
        assert first.method == NaiveMethodConfig.model_validate(method)
        assert second.method == NaiveMethodConfig()

    def test_models_may_differ(self) -> None:
        first, second = expand(comparison({"name": "a"}, {"name": "b", "model": "mock/echo"}))
        assert (first.model, second.model) == ("mock/hash", "mock/echo")


class TestRefused:
    @pytest.mark.parametrize(("field", "value"), [("dataset", {"name": "quiz"}), ("seed", 1), ("repeats", 2)])
    def test_a_variant_with_other_questions(self, field: str, value: Any) -> None:
        found = problems(comparison({"name": "a"}, {"name": "b", field: value}))
        assert "base" in found[f"variants.1.{field}"]

    def test_the_same_name_twice(self) -> None:
        assert list(problems(comparison({"name": "a"}, {"name": "a"}))) == ["variants.1.name"]

    def test_a_name_of_the_base(self) -> None:
        assert list(problems(comparison({"name": "a"}, {"name": "b"}, name="x"))) == ["base.name"]

    def test_a_wrong_field_of_a_variant(self) -> None:
        found = problems(comparison({"name": "a"}, {"name": "b", "concurrency": 0, "modle": "x"}))
        assert set(found) == {"variants.1.concurrency", "variants.1.modle"}
        assert found["variants.1.modle"] == "there is no such field"

    def test_a_wrong_field_of_the_base_is_named_once(self) -> None:
        found = problems(comparison({"name": "a"}, {"name": "b"}, timeout_s=0))
        assert list(found) == ["base.timeout_s"]
