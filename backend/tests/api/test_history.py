"""Tests of the same configuration over time, over HTTP."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.provenance import CodeVersion, DatasetProvenance, Provenance
from app.services.comparisons.history import changes
from tests.api.conftest import RESULTS, Steps, problem


@pytest.fixture
async def three(steps: Steps) -> list[str]:
    """Three experiments with one configuration, under other names; and one with another."""
    ids = [await steps.run(name=f"Night {number}") for number in (1, 2, 3)]
    await steps.run(name="Other", seed=9)
    return ids


async def set_wrong(steps: Steps, experiment_id: str) -> None:
    """Make all answers of an experiment wrong, as if the model behind its name had changed."""
    async with steps.runtime.engine.begin() as connection:
        await connection.execute(
            text("update runs set exact_match = 0 where experiment_id = :id"), {"id": experiment_id}
        )


async def history(steps: Steps, experiment_id: str, **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = await steps.get(f"{RESULTS}/{experiment_id}/history", **params)
    return found


async def test_each_against_the_first_and_the_one_before(steps: Steps, three: list[str]) -> None:
    await set_wrong(steps, three[2])
    found = await history(steps, three[1])
    assert [one["experiment_id"] for one in found["steps"]] == three
    assert [one["name"] for one in found["steps"]] == ["Night 1", "Night 2", "Night 3"]
    assert found["reference_id"] == three[0]
    first, second, third = found["steps"]
    assert (first["against_reference"], first["against_previous"]) == (None, None)
    assert second["against_reference"]["verdict"] == "cannot_tell"
    assert third["against_reference"]["experiment_id"] == three[0]
    assert third["against_previous"]["experiment_id"] == three[1]
    for one in (third["against_reference"], third["against_previous"]):
        assert (one["difference"], one["verdict"], one["n_paired"]) == (-1, "worse", 20)
        assert one["high"] < 0
    assert third["against_reference"]["message"].startswith("the reference is better than this one by")


async def test_says_what_came_from_the_cache(steps: Steps, three: list[str]) -> None:
    found = await history(steps, three[0])
    assert [(one["cached"], one["answered"]) for one in found["steps"]] == [(0, 20), (20, 20), (20, 20)]
    assert [one.partition(":")[0] for one in found["warnings"]] == [
        "All answers after the first experiment came from the cache"
    ]
    asked = await steps.run(name="Night 4", cache=False)
    found = await history(steps, asked)
    assert (found["steps"][-1]["cached"], found["warnings"]) == (0, [])


async def test_against_a_chosen_reference(steps: Steps, three: list[str]) -> None:
    await set_wrong(steps, three[0])
    found = await history(steps, three[0], reference=three[2], score="exact_match")
    assert [(one["against_reference"] or {}).get("verdict") for one in found["steps"]] == [
        "worse",
        "cannot_tell",
        None,
    ]


async def test_another_version_of_the_scorer_is_not_compared(steps: Steps, three: list[str]) -> None:
    async with steps.runtime.engine.begin() as connection:
        await connection.execute(
            text(
                "update experiments set provenance = "
                "jsonb_set(provenance, '{scorers,exact_match}', '99') where id = :id"
            ),
            {"id": three[1]},
        )
    found = await history(steps, three[0])
    assert [one["against_reference"] is None for one in found["steps"]] == [True, True, False]
    assert [one["against_previous"] is None for one in found["steps"]] == [True, True, True]
    assert found["steps"][1]["changes"][0].startswith("scorer of exact_match: ")


async def test_refused(steps: Steps, three: list[str]) -> None:
    other = await steps.run(seed=10)
    path = f"{RESULTS}/{three[0]}/history"
    refused = problem(await steps.api.get(path, params={"reference": other}), 422)
    assert refused["errors"][0]["field"] == "reference"
    problem(await steps.api.get(path, params={"score": "none"}), 422)
    problem(await steps.api.get(f"{RESULTS}/{await steps.create(seed=11)}/history"), 404)


async def test_deleted_experiments_are_left_out(steps: Steps, three: list[str]) -> None:
    response = await steps.api.delete(f"/api/v1/experiments/{three[0]}")
    assert response.status_code == 204, response.text
    assert [one["experiment_id"] for one in (await history(steps, three[1]))["steps"]] == three[1:]


def test_changes_are_said_in_words() -> None:
    before = Provenance(
        config_hash="c",
        dataset=DatasetProvenance("quiz", "v1", 20, "squad"),
        scorers={"exact_match": 1},
        prompt_hash="p" * 64,
        model_fingerprint="f" * 64,
        code=CodeVersion("1.0", "a" * 40, dirty=False),
        python="3.11.1",
        platform="Linux x86_64",
        packages={"numpy": "1.0"},
    )
    assert changes(before, before, "exact_match") == []
    now = replace(
        before,
        dataset=replace(before.dataset, version="v2"),
        code=CodeVersion("1.0", "b" * 40, dirty=False),
        packages={"numpy": "2.0"},
        scorers={"exact_match": 1, "f1": 2},
    )
    assert changes(before, now, "exact_match") == [
        "dataset quiz: v1 → v2",
        "LlmForge: 1.0 (aaaaaaaa) → 1.0 (bbbbbbbb)",
        "numpy: 1.0 → 2.0",
    ]


async def test_a_single_experiment_has_nothing_to_be_compared_with(steps: Steps) -> None:
    (step,) = (await history(steps, await steps.run(seed=12)))["steps"]
    assert (step["against_reference"], step["against_previous"], step["changes"]) == (None, None, [])


async def test_by_a_scoring_of_those_that_have_it(steps: Steps) -> None:
    model = "mock/fixed?text=thing+7%0Athing+3"
    ids = [await steps.run(name=f"Night {number}", model=model) for number in (1, 2, 3)]
    for one in ids[1:]:
        await steps.rescore(one, name="words", parser="whole_output")
    found = await history(steps, ids[1], scoring="words")
    assert [one["experiment_id"] for one in found["steps"]] == ids[1:]
    assert (found["scoring"], found["reference_id"]) == ("words", ids[1])
    assert [one["score"]["value"] for one in found["steps"]] == [0, 0]
    assert found["steps"][1]["against_reference"]["n_paired"] == 20
    assert "1 of 3 experiments of this configuration have no scoring 'words'" in found["warnings"][0]
    assert (await history(steps, ids[1]))["steps"][0]["score"]["value"] == 0.05
    problem(await steps.api.get(f"{RESULTS}/{ids[0]}/history", params={"scoring": "words"}), 404)
