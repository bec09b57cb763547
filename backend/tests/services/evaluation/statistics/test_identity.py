"""Shares of pairs whose answers are the same."""

import numpy as np
import pytest

from app.services.evaluation.statistics.identity import answer_identity
from app.services.evaluation.statistics.intervals import wilson


def test_shares_have_wilsons_interval() -> None:
    found = answer_identity([True] * 97 + [False] * 3, [True] * 99 + [False])
    assert found is not None
    assert found.outputs == wilson(97, 100)
    assert found.answers == wilson(99, 100)


def test_identity_of_all_is_not_certain() -> None:
    found = answer_identity([True] * 50, [True] * 50)
    assert found is not None
    assert (found.outputs.value, found.outputs.high) == (1.0, 1.0)
    assert found.outputs.low == pytest.approx(0.9287, abs=1e-4)


def test_pairs_of_one_question_are_one_unit() -> None:
    same = np.repeat([True, False, True, True] * 10, 5)
    alone, together = answer_identity(same, same), answer_identity(same, same, np.repeat(np.arange(40), 5))
    assert alone is not None
    assert together is not None
    assert together.outputs.method == "clustered"
    assert together.outputs.high - together.outputs.low > 1.5 * (alone.outputs.high - alone.outputs.low)


def test_without_pairs_there_is_no_share() -> None:
    assert answer_identity([], []) is None


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        answer_identity([True], [True, False])
