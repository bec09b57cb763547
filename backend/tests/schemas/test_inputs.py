"""Every input takes numbers and booleans as they are written, those of models still to come included."""

from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel, ValidationError

import app.main  # noqa: F401 - imports the schemas of all inputs
from app.schemas.common import Strict

WRONG: dict[type, list[Any]] = {
    int: [True, False, "5", "5.0", "", 2.5],
    float: [True, False, "0.5", "1e3", "nan", ""],
    bool: [0, 1, "true", "no", "on", 1.0],
}


def inputs(model: type[BaseModel] = Strict) -> set[type[BaseModel]]:
    return {model}.union(*(inputs(each) for each in model.__subclasses__()))


def kinds(annotation: Any) -> tuple[Any, ...]:
    found = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return tuple(get_args(each)[0] if get_origin(each) is Annotated else each for each in found)


FIELDS = [
    (model, name, kind)
    for model in sorted(inputs(), key=lambda each: each.__name__)
    for name, field in model.model_fields.items()
    for kind in kinds(field.annotation)
    if kind in WRONG
]


def test_fields_are_found() -> None:
    assert len(FIELDS) > 30


@pytest.mark.parametrize(("model", "name", "kind"), FIELDS)
def test_is_taken_as_it_is_written(model: type[BaseModel], name: str, kind: type) -> None:
    for value in WRONG[kind]:
        with pytest.raises(ValidationError) as refused:
            model.model_validate({name: value})
        assert any(error["loc"] == (name,) for error in refused.value.errors()), (value, refused.value)
