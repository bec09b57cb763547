from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.examples import Dataset, Example, dataset_version, sample_order
from tests.factories import example, properties

DIGESTS = st.lists(st.text("0123456789abcdef", min_size=4, max_size=4), unique=True, max_size=30)
SEEDS = st.integers(0, 2**31 - 1)
Content = tuple[str, tuple[str, ...], str | None]
CONTENTS = st.tuples(
    st.text("ab", max_size=2),
    st.lists(st.text("ab", max_size=2), max_size=2).map(tuple),
    st.none() | st.text("ab", max_size=1),
)


def drawn(digests: list[str], seed: int) -> list[str]:
    """Return the digests in sampling order."""
    return [digests[position] for position in sample_order(list(enumerate(digests)), seed)]


class TestExampleContentHash:
    def test_key_and_metadata_do_not_matter(self) -> None:
        assert example(key="a", metadata={"topic": "x"}).content_hash == example(key="b").content_hash

    @pytest.mark.parametrize(
        "other",
        [
            example("Who wrote hamlet?"),
            example("Who wrote Hamlet?", "Shakespeare", "William Shakespeare"),
            example("Who wrote Hamlet?", "shakespeare"),
            example(cluster="plays"),
            example(cluster=""),
        ],
    )
    def test_what_decides_the_score_matters(self, other: Example) -> None:
        assert other.content_hash != example().content_hash

    def test_order_of_answers_matters(self) -> None:
        assert example("q", "a", "b").content_hash != example("q", "b", "a").content_hash

    @properties
    @given(CONTENTS, CONTENTS)
    def test_equal_only_for_equal_content(self, first: Content, second: Content) -> None:
        hashes = {Example("1", q, answers, cluster).content_hash for q, answers, cluster in (first, second)}
        assert (len(hashes) == 1) == (first == second)


class TestDatasetVersion:
    examples = (example("q1", "a", key="1"), example("q2", "b", key="2"))

    def version(self, **fields: Any) -> str:
        return Dataset(**{"name": "d", "scoring": "squad", "examples": self.examples, **fields}).version

    def test_is_16_hex_digits(self) -> None:
        assert len(self.version()) == 16
        assert set(self.version()) <= set("0123456789abcdef")

    def test_words_about_the_dataset_do_not_matter(self) -> None:
        other = self.version(name="other", description="text", licence="MIT", source="somewhere")
        assert other == self.version()

    def test_scoring_matters(self) -> None:
        assert self.version(scoring="triviaqa") != self.version()

    def test_order_matters(self) -> None:
        assert self.version(examples=self.examples[::-1]) != self.version()

    def test_keys_matter(self) -> None:
        assert self.version(examples=(example("q1", "a", key="9"), self.examples[1])) != self.version()

    def test_each_example_matters(self) -> None:
        assert self.version(examples=self.examples[:1]) != self.version()

    def test_agrees_with_the_version_of_stored_items(self) -> None:
        items = [(item.key, item.content_hash) for item in self.examples]
        assert dataset_version("squad", items) == self.version()


class TestSampleOrder:
    def test_is_the_same_everywhere_and_for_ever(self) -> None:
        items = list(enumerate(["aa", "bb", "cc", "dd", "ee", "ff"]))
        assert sample_order(items, 0) == [4, 0, 2, 5, 1, 3]
        assert sample_order(items, 1) == [3, 0, 4, 1, 2, 5]

    @properties
    @given(DIGESTS, SEEDS)
    def test_is_a_permutation(self, digests: list[str], seed: int) -> None:
        assert sorted(sample_order(list(enumerate(digests)), seed)) == list(range(len(digests)))

    @properties
    @given(DIGESTS, SEEDS, st.randoms(use_true_random=False))
    def test_positions_do_not_matter(self, digests: list[str], seed: int, random_: Any) -> None:
        moved = list(digests)
        random_.shuffle(moved)
        assert drawn(moved, seed) == drawn(digests, seed)

    @properties
    @given(DIGESTS, SEEDS, st.sets(st.integers(0, 29)))
    def test_more_items_leave_the_order_of_the_others(
        self, digests: list[str], seed: int, removed: set[int]
    ) -> None:
        kept = [digest for index, digest in enumerate(digests) if index not in removed]
        assert drawn(kept, seed) == [digest for digest in drawn(digests, seed) if digest in kept]

    @properties
    @given(DIGESTS, SEEDS, st.integers(0, 30), st.integers(0, 30))
    def test_a_smaller_sample_is_a_part_of_a_larger_one(
        self, digests: list[str], seed: int, small: int, large: int
    ) -> None:
        small, large = sorted((small, large))
        order = sample_order(list(enumerate(digests)), seed)
        again = sample_order(list(enumerate(digests)), seed)
        assert set(order[:small]) <= set(again[:large])

    def test_duplicates_keep_their_positions_in_order(self) -> None:
        assert sample_order([(2, "same"), (0, "same"), (1, "same")], 5) == [0, 1, 2]

    def test_seeds_draw_different_samples(self) -> None:
        items = list(enumerate(f"{number:04x}" for number in range(50)))
        orders = {tuple(sample_order(items, seed)[:10]) for seed in range(20)}
        assert len(orders) == 20

    def test_every_item_is_as_likely(self) -> None:
        items = list(enumerate("abcde"))
        first = Counter(sample_order(items, seed)[0] for seed in range(2000))
        # 400 expected; ±5 standard deviations of a binomial count.
        assert all(abs(first[position] - 400) < 90 for position in range(5))
