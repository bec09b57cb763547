import hashlib
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.hashing import canonical_json, content_hash
from tests.factories import properties

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def shuffled(value: Any, random_: random.Random) -> Any:
    """Return an equal value whose dictionaries were filled in another order."""
    if isinstance(value, list):
        return [shuffled(item, random_) for item in value]
    if isinstance(value, dict):
        items = list(value.items())
        random_.shuffle(items)
        return {key: shuffled(item, random_) for key, item in items}
    return value


class TestCanonicalJson:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ({"b": 1, "a": [True, None, "é"]}, '{"a":[true,null,"é"],"b":1}'),
            ({"outer": {"z": 0.5, "y": ""}}, '{"outer":{"y":"","z":0.5}}'),
            (("a", "b"), '["a","b"]'),
            ({}, "{}"),
            ('quote " and \\ and \n', '"quote \\" and \\\\ and \\n"'),
        ],
    )
    def test_form(self, value: Any, expected: str) -> None:
        assert canonical_json(value) == expected.encode()

    @properties
    @given(JSON)
    def test_reads_back_as_the_same_value(self, value: Any) -> None:
        assert json.loads(canonical_json(value)) == value

    @properties
    @given(JSON, st.randoms(use_true_random=False))
    def test_key_order_does_not_matter(self, value: Any, random_: random.Random) -> None:
        assert canonical_json(shuffled(value, random_)) == canonical_json(value)

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
    def test_number_without_json_form(self, value: Any) -> None:
        with pytest.raises(ValueError, match="JSON"):
            canonical_json(value)

    @pytest.mark.parametrize("value", [{1, 2}, b"bytes", object(), {"a": 1, 2: "b"}])
    def test_value_without_json_form(self, value: Any) -> None:
        with pytest.raises(TypeError):
            canonical_json(value)


class TestContentHash:
    def test_is_sha256_of_canonical_json(self) -> None:
        expected = hashlib.sha256(b'{"a":1,"b":[]}').hexdigest()
        assert content_hash({"b": [], "a": 1}) == expected

    @properties
    @given(st.lists(st.text(max_size=3), max_size=3), st.lists(st.text(max_size=3), max_size=3))
    def test_equal_only_for_equal_content(self, first: list[str], second: list[str]) -> None:
        assert (content_hash(first) == content_hash(second)) == (first == second)

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (["ab"], ["a", "b"]),
            (["a", ["b"]], [["a"], "b"]),
            (None, "null"),
            (1, "1"),
            (1, True),
            ("é", "e\u0301"),
            ("\ud800", "\ud801"),
            ("\ud800", "?"),
        ],
    )
    def test_similar_content_differs(self, first: Any, second: Any) -> None:
        assert content_hash(first) != content_hash(second)
