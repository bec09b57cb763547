"""Places in texts: found, checked and filled without interpreting what fills them."""

import pytest

from app.domain.templates import check_places, fill


class TestCheckPlaces:
    @pytest.mark.parametrize(
        ("text", "places"),
        [("{a}", ["a"]), ("{a} {b} {a}", ["a", "b"]), ('{"json": 1} {a} {}', ["a"]), ("none", [])],
    )
    def test_all_there(self, text: str, places: list[str]) -> None:
        check_places(text, places)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "must hold the place {a}"),
            ("{a}", "must hold the place {b}"),
            ("{a} {b} {z} {y}", "unknown place {y}; there is {a} and {b}"),
        ],
    )
    def test_names_the_place(self, text: str, said: str) -> None:
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared below
            check_places(text, ("a", "b"))
        assert str(caught.value) == said


class TestFill:
    def test_values_are_not_interpreted(self) -> None:
        assert fill("{a}-{b}", {"a": "{b}", "b": r"\1{a}"}) == r"{b}-\1{a}"

    def test_other_braces_stay(self) -> None:
        assert fill('{x} {"k": {a}} { a }', {"a": "1"}) == '{x} {"k": 1} { a }'
