"""Tests of natural language inference with a tiny model."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app.services.evaluation.judges.nli import BatchedNli, NliModel, NoEntailmentLabel, require_entailment
from tests.tiny_models import TinyModels, make_nli

PAIRS = [("the king wrote a poem", "a poem was found"), ("the ship is old", "the ship is new")]


class Counting(NliModel):
    """Remembers what it was asked to compute."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[list[tuple[str, str]]] = []

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked.append(list(pairs))
        return super().probabilities(pairs)


class Memory:
    """A store in memory."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    async def get_many(self, keys: Sequence[str]) -> Mapping[str, float]:
        return {key: self.values[key] for key in keys if key in self.values}

    async def put_many(self, values: Mapping[str, float]) -> None:
        self.values |= values


@pytest.fixture
def model(tiny_models: TinyModels) -> Counting:
    return Counting(tiny_models.nli)


class TestModel:
    def test_probabilities_do_not_depend_on_the_batch(self, model: Counting) -> None:
        together = model.probabilities(PAIRS * 6)
        assert together[:2] == pytest.approx([model.probabilities([pair])[0] for pair in PAIRS], abs=1e-5)
        assert all(0 < value < 1 for value in together)
        assert together[0] != pytest.approx(together[1], abs=1e-4)

    def test_best_window_of_a_long_premise(self, model: Counting) -> None:
        hypothesis = PAIRS[0][1]
        long = "the old ship of the north " * 40
        assert model.probabilities([(long, hypothesis)])[0] >= 0
        pieces = [long + PAIRS[0][0], PAIRS[0][0] + " " + long]
        values = model.probabilities([(piece, hypothesis) for piece in pieces])
        assert all(0 < value < 1 for value in values)

    def test_hypothesis_that_leaves_no_room(self, model: Counting) -> None:
        assert 0 < model.probabilities([("the king", "the old ship of the north " * 60)])[0] < 1

    def test_label_by_its_name(self, tmp_path: Path, tiny_models: TinyModels) -> None:
        assert require_entailment(tiny_models.nli) == 0
        assert require_entailment(make_nli(tmp_path / "a", {0: "no", 1: "ENTAILMENT"})) == 1

    def test_without_the_label(self, tiny_models: TinyModels) -> None:
        with pytest.raises(NoEntailmentLabel, match="no label entailment, but LABEL_0"):
            require_entailment(tiny_models.reranker)


class TestBatched:
    async def test_who_waits_shares_a_batch(self, model: Counting) -> None:
        nli = BatchedNli(model, "m")
        found = await asyncio.gather(*(nli.probabilities([pair]) for pair in PAIRS * 3))
        assert found[0] == found[2] == found[4]
        assert sum(len(pairs) for pairs in model.asked) == 2
        assert len(model.asked) <= 2
        nli.close()

    async def test_judged_once_by_content(self, model: Counting) -> None:
        store = Memory()
        first, second = BatchedNli(model, "m", store), BatchedNli(model, "m", store)
        assert await first.probabilities(PAIRS) == await second.probabilities(PAIRS)
        assert len(model.asked) == 1
        other = BatchedNli(model, "another model", store)
        await other.probabilities(PAIRS)
        assert len(model.asked) == 2
        for nli in (first, second, other):
            nli.close()

    async def test_the_same_pair_twice_in_one_call(self, model: Counting) -> None:
        nli = BatchedNli(model, "m")
        one, two = await nli.probabilities([PAIRS[0], PAIRS[0]])
        assert one == two
        nli.close()

    async def test_a_failure_is_told_and_does_not_last(
        self, model: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nli = BatchedNli(model, "m")

        def broken(_: Sequence[tuple[str, str]]) -> list[float]:
            raise MemoryError("no room")

        with monkeypatch.context() as patch:
            patch.setattr(model, "probabilities", broken)
            with pytest.raises(RuntimeError, match="MemoryError: no room"):
                await nli.probabilities(PAIRS)
        assert len(await nli.probabilities(PAIRS)) == 2
        nli.close()

    async def test_cancelling_one_who_waits_harms_no_other(self, model: Counting) -> None:
        nli = BatchedNli(model, "m")
        first, second = (asyncio.create_task(nli.probabilities(PAIRS)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert len(await second) == 2
        nli.close()
