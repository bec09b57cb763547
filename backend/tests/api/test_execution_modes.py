"""What is refused of an execution before there is an experiment."""

from tests.api.conftest import EXPERIMENTS, Steps, body


async def test_the_prompt_cache_of_a_provider_is_not_ours_to_choose(steps: Steps) -> None:
    response = await steps.api.post(EXPERIMENTS, json=body(execution={"prefix_cache": True}))
    assert response.status_code == 422
    error = response.json()
    assert [one["field"] for one in error["errors"]] == ["execution.prefix_cache"]
    assert "its provider decides" in error["message"]
