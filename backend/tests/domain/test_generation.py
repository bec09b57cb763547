import dataclasses

import pytest

from app.domain.generation import GenerationParams, GenerationRequest, Message
from app.domain.hashing import canonical_json


class TestWireForms:
    def test_message(self) -> None:
        assert Message("user", "Hello").as_dict() == {"role": "user", "content": "Hello"}

    def test_default_params_are_greedy(self) -> None:
        assert GenerationParams().as_dict() == {
            "temperature": 0.0,
            "max_tokens": 64,
            "top_p": None,
            "stop": [],
        }

    def test_params_are_plain_json(self) -> None:
        params = GenerationParams(0.7, 8, 0.9, ("\n", "Question:"))
        expected = '{"max_tokens":8,"stop":["\\n","Question:"],"temperature":0.7,"top_p":0.9}'
        assert canonical_json(params.as_dict()) == expected.encode()


class TestGenerationRequest:
    request = GenerationRequest((Message("user", "Hi"),), "mock/hash", GenerationParams())

    def test_equal_requests_are_one_key(self) -> None:
        again = GenerationRequest((Message("user", "Hi"),), "mock/hash", GenerationParams())
        assert len({self.request, again}) == 1

    @pytest.mark.parametrize("change", [{"seed": 1}, {"repeat": 1}, {"model": "mock/echo"}])
    def test_what_makes_calls_distinct(self, change: dict[str, int]) -> None:
        assert dataclasses.replace(self.request, **change) != self.request  # type: ignore[arg-type]

    def test_is_frozen(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            self.request.seed = 2  # type: ignore[misc]
