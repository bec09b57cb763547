"""Tests of dividing an experiment among executors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sharding import claim_count, shard_size, useful_executors
from tests.factories import properties


@pytest.mark.parametrize(
    ("questions", "repeats", "size"),
    [
        (1, 1, 8),
        (20, 1, 8),
        (20, 3, 2),
        (4_000, 1, 31),
        (20_000, 1, 156),
        (1_000_000, 1, 977),
        (10_000, 100, 10),
        (2, 100, 1),
    ],
)
def test_shards_are_small_and_few(questions: int, repeats: int, size: int) -> None:
    assert shard_size(questions, repeats) == size


@properties
@given(st.integers(1, 1_000_000), st.integers(1, 100))
def test_never_more_than_can_be_summed_each_second(questions: int, repeats: int) -> None:
    assert 1 <= -(-questions // shard_size(questions, repeats)) <= 1024


class TestClaims:
    def test_many_while_many_are_free_one_at_a_time_at_the_end(self) -> None:
        free, claims = 64, []
        while free:
            claims.append(claim_count(free, 2, 62, alone=False))
            free -= claims[-1]
        assert claims == [8, 8, 8, 8, 8, 6, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1]

    def test_alone_as_many_as_are_read_at_once(self) -> None:
        assert claim_count(64, 1, 62, alone=True) == 8
        assert claim_count(3, 1, 1_000, alone=True) == 1


@pytest.mark.parametrize(
    ("concurrency", "questions", "repeats", "useful"),
    [(4, 4_000, 1, 1), (16, 4_000, 1, 2), (256, 4_000, 1, 32), (256, 20, 1, 3), (1024, 1_000_000, 1, 128)],
)
def test_an_executor_is_useful_with_a_shard_and_some_calls(
    concurrency: int, questions: int, repeats: int, useful: int
) -> None:
    assert useful_executors(concurrency, questions, repeats) == useful
