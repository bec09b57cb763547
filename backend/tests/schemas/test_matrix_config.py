"""Tests of the schema of matrices."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.schemas.matrix_config import MatrixConfig
from tests.services.matrices.factories import WAYS, matrix, raw

SEQUENTIAL, CONCURRENT, COLD, WARM = WAYS


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"baseline": "nobody"}, ("baseline",)),
        ({"baseline": "warm"}, ("baseline",)),
        ({"optimisations": [SEQUENTIAL, WARM]}, ("optimisations",)),
        ({"optimisations": [SEQUENTIAL, COLD, {**COLD, "name": "too"}]}, ("optimisations",)),
        ({"optimisations": [SEQUENTIAL, COLD, {**WARM, "concurrency": 2}]}, ("optimisations",)),
        ({"optimisations": [SEQUENTIAL, CONCURRENT, CONCURRENT]}, ("optimisations", 2, "name")),
        ({"methods": [{"name": "a"}, {"name": "a"}]}, ("methods", 1, "name")),
        ({"rounds": 0}, ("rounds",)),
        ({"margin": 0.0}, ("margin",)),
        ({"nonsense": 1}, ("nonsense",)),
    ],
)
def test_refused(changed: dict[str, Any], where: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        MatrixConfig.model_validate(raw(**changed))
    assert where in [one["loc"] for one in refused.value.errors()]


def test_the_scope_of_the_cache_is_not_chosen() -> None:
    way = {"name": "x", "execution": {"cache_scope": "mine"}}
    with pytest.raises(ValidationError, match="is chosen by the matrix"):
        MatrixConfig.model_validate(raw(optimisations=[SEQUENTIAL, way]))


def test_hash_is_of_the_content() -> None:
    assert matrix().hash() == matrix(name="other", description="words").hash()
    assert matrix().hash() != matrix(rounds=3).hash()
    assert matrix().hash() != matrix(optimisations=WAYS[:2]).hash()


def test_survives_storing() -> None:
    assert MatrixConfig.model_validate(matrix().as_json()) == matrix()
