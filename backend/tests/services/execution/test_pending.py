"""Handing out samples while further ones are claimed."""

import asyncio
from collections.abc import Sequence

import pytest

from app.domain.examples import Example
from app.services.execution.pending import PendingSamples
from app.services.execution.sample import Sample


def samples(count: int, start: int = 0) -> list[Sample]:
    return [Sample(i, Example(f"q{i}", "?", ("a",)), 0) for i in range(start, start + count)]


class Claims:
    """Gives each of its lists in turn, then nothing; waits at the gate before all but the first."""

    def __init__(self, *lists: list[Sample]) -> None:
        self.lists = list(lists)
        self.calls = 0
        self.gate = asyncio.Event()

    async def __call__(self) -> Sequence[Sample] | None:
        self.calls += 1
        if self.calls > 1:
            await self.gate.wait()
        return self.lists.pop(0) if self.lists else None


async def test_consumers_take_what_is_left_while_more_is_claimed() -> None:
    pending, claims = PendingSamples(lambda: 100), Claims(samples(40), samples(40, 40))
    taken = [await pending.next(claims) for _ in range(8)]
    taken.append(await pending.next(claims))  # leaves 31
    claiming = asyncio.create_task(pending.next(claims))
    await asyncio.sleep(0)
    taken += [await pending.next(claims) for _ in range(31)]
    assert claims.calls == 2
    assert not claiming.done()
    claims.gate.set()
    taken.append(await claiming)
    taken += [await pending.next(claims) for _ in range(39)]
    assert [one.example_id for one in taken if one] == list(range(80))


async def test_what_is_left_is_not_lost_when_claiming_fails() -> None:
    pending = PendingSamples(lambda: 100)

    async def refuse() -> Sequence[Sample] | None:
        raise OSError("away")

    taken = [await pending.next(Claims(samples(40))) for _ in range(9)]
    with pytest.raises(OSError, match="away"):
        await pending.next(refuse)
    taken += [await pending.next(Claims()) for _ in range(31)]
    assert [one.example_id for one in taken if one] == list(range(40))


async def test_all_end_when_nothing_is_left() -> None:
    pending, claims = PendingSamples(lambda: 2), Claims(samples(3))
    claims.gate.set()
    found: list[int] = []

    async def consume() -> None:
        while (sample := await pending.next(claims)) is not None:
            found.append(sample.example_id)
            await asyncio.sleep(0)
            pending.done()

    await asyncio.wait_for(asyncio.gather(*(consume() for _ in range(5))), 5)
    assert sorted(found) == [0, 1, 2]
