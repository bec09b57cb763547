"""What providers mean by their errors: a limit that passes, one that does not, and how long it takes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from app.domain.status import FailureKind
from app.services.inference.failures import failure_from_status, failure_in_answer
from app.services.inference.stated_waits import duration_s

RATE, QUOTA, TOO_LARGE = FailureKind.RATE_LIMIT, FailureKind.QUOTA, FailureKind.TOO_LARGE
UNAVAILABLE, SERVER, AUTH = FailureKind.UNAVAILABLE, FailureKind.SERVER, FailureKind.AUTH


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


def groq(unit: str, short: str, wait: str) -> dict[str, Any]:
    return error(
        f"Rate limit reached for model `m` on tokens per {unit} ({short}): Limit 6000, Used 5034, Requested "
        f"1443. Please try again in {wait}. Need more? Upgrade at https://console.example/settings/billing",
        type="tokens",
        code="rate_limit_exceeded",
    )


def gemini(quota_id: str | None, wait: str | None = "26s", message: str = "") -> list[dict[str, Any]]:
    details: list[dict[str, Any]] = []
    if quota_id:
        violation = {"quotaMetric": "requests", "quotaId": quota_id}
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]})
    if wait:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": wait})
    said = "You exceeded your current quota, please check your plan and billing details. "
    fields = {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}
    return [error(said + message, **fields)]


OPENAI_QUOTA = "You exceeded your current quota, please check your plan and billing details."
CASES: list[tuple[int, Any, FailureKind, float | None]] = [
    # A minute's limit, however it is sold.
    (429, groq("minute", "TPM", "4.77s"), RATE, 4.77),
    (429, groq("minute", "TPM", "1m4.5s"), RATE, 64.5),
    (429, groq("minute", "TPM", "620ms"), RATE, 0.62),
    (429, gemini(None, message="Please retry in 26.66s."), RATE, 26.0),
    (429, gemini("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), RATE, 26.0),
    (429, gemini(None, None, "Please retry in 26.66s."), RATE, 26.66),
    (429, gemini(None, None), RATE, None),
    (
        429,
        error(
            "Rate limit reached for m in organization o on requests per min. Limit: 3 / min. Please try "
            "again in 20s. Please add a payment method to your account to increase your rate limit. Visit "
            "https://provider.example/account/billing to add a payment method.",
            type="requests",
            code="rate_limit_exceeded",
        ),
        RATE,
        20.0,
    ),
    (
        429,
        error("You have reached the rate limit of this model. See /settings/billing for more."),
        RATE,
        None,
    ),
    (429, {"error": "You have hit a rate limit. Subscribe to PRO: hub.example/settings/billing"}, RATE, None),
    (429, error("Too many requests. Upgrade to Pro for 1000 requests per day.", retry_after=5), RATE, 5.0),
    (429, {"statusCode": 429, "message": "Rate limit is exceeded. Try again in 12 seconds."}, RATE, 12.0),
    (429, error("Requests have exceeded the token rate limit. Please retry after 26 seconds."), RATE, 26.0),
    (429, error("Rate limit exceeded: free-models-per-min. Unlock 1000 requests per day."), RATE, None),
    (429, {"message": "Trial keys are limited to 20 API calls / minute. Upgrade any time."}, RATE, None),
    (429, {"message": "Service tier capacity exceeded for this model.", "code": "3505"}, RATE, None),
    (429, error("Requests to this model are limited. Retry in 1 minute and 5 seconds."), RATE, 65.0),
    (429, {"message": "Tokens per minute limit exceeded", "code": "token_quota_exceeded"}, RATE, None),
    (498, error("Flex tier capacity exceeded"), RATE, None),
    (429, error("You have hit your usage limit. Please try again in 5 seconds."), RATE, 5.0),
    # A day's, a month's, or the account's.
    (429, error("You have hit your usage limit."), QUOTA, None),
    (429, error("Limit of 100 requests in 24 hours reached"), QUOTA, None),
    (429, groq("day", "TPD", "17m16.3s"), QUOTA, None),
    (429, groq("day", "RPD", "7.66s"), QUOTA, None),
    (429, gemini("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), QUOTA, None),
    (429, gemini(None, None, "Quota exceeded for metric: requests, limit: 0"), QUOTA, None),
    (429, error(OPENAI_QUOTA, type="insufficient_quota", code="insufficient_quota"), QUOTA, None),
    (429, error(OPENAI_QUOTA), QUOTA, None),
    (429, error("Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000."), QUOTA, None),
    (429, {"message": "Trial keys are limited to 1000 API calls / month. Upgrade any time."}, QUOTA, None),
    (429, {"message": "Tokens per day limit exceeded", "code": "token_quota_exceeded"}, QUOTA, None),
    (429, {"error": "Your team has used all available credits."}, QUOTA, None),
    (429, {"error": "Daily limit reached, upgrade to continue"}, QUOTA, None),
    (402, error("This request requires more credits"), QUOTA, None),
    (429, error("You are out of credits."), QUOTA, None),
    (403, {"detail": "Account '1' has no cloud credits left"}, QUOTA, None),
    (402, {"error": "You have exceeded your monthly included credits"}, QUOTA, None),
    (402, error("Insufficient Balance"), QUOTA, None),
    (400, {"type": "error", **error("Your credit balance is too low to access the API.")}, QUOTA, None),
    (403, error("Key limit exceeded (daily limit)."), QUOTA, None),
    (403, {"error": "Your team has reached its monthly spending limit"}, QUOTA, None),
    (412, error("Account suspended: spending limit reached, or unpaid invoices"), QUOTA, None),
    # What no wait helps against.
    (
        413,
        error(
            "Request too large for model m on tokens per minute (TPM): Limit 6000, Requested 6294",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        TOO_LARGE,
        None,
    ),
    (
        429,
        error("Request too large for m on tokens per min (TPM): Limit 30,000, Requested 40,123"),
        TOO_LARGE,
        None,
    ),
    (
        429,
        error("Rate limit reached on tokens per minute (TPM): Limit 6000, Used 0, Requested 7000"),
        TOO_LARGE,
        None,
    ),
    (413, error("The prompt is too long: the maximum context is 8192"), FailureKind.CONTEXT_LENGTH, None),
    (403, error("Your country is not supported"), AUTH, None),
    (401, error("Incorrect API key provided"), AUTH, None),
    (400, error("Unknown field"), FailureKind.BAD_REQUEST, None),
    (400, error("Model Not Exist"), FailureKind.MODEL_NOT_FOUND, None),
    (400, error("Invalid model: mistral-huge"), FailureKind.MODEL_NOT_FOUND, None),
    (400, error("API key not valid. Please pass a valid API key."), AUTH, None),
    (
        403,
        error("Your chosen model requires moderation and your input was flagged"),
        FailureKind.REFUSED,
        None,
    ),
    (400, error("The input token count (9) exceeds the maximum"), FailureKind.CONTEXT_LENGTH, None),
    (402, {"error": {"message": "Wait for other calls", "code": "in_flight_budget_exhausted"}}, RATE, None),
    (400, error("System role not supported"), FailureKind.UNSUPPORTED, None),
    (500, error("System role not supported"), FailureKind.UNSUPPORTED, None),
    # What is up again in a while.
    (503, error("Loading model", code=503, type="unavailable_error"), UNAVAILABLE, None),
    (503, {"error": "Model m is currently loading", "estimated_time": 20.0}, UNAVAILABLE, 20.0),
    (
        503,
        [error("The model is overloaded. Please try again later.", status="UNAVAILABLE")],
        UNAVAILABLE,
        None,
    ),
    (503, {"error": "server busy, please try again. maximum pending requests exceeded"}, UNAVAILABLE, None),
    (529, error("Overloaded", type="overloaded_error"), UNAVAILABLE, None),
    (500, error("Overloaded", type="overloaded_error"), UNAVAILABLE, None),
    (503, error("Service Unavailable"), SERVER, None),
    (500, error("The server had an error"), SERVER, None),
]


@pytest.mark.parametrize(("status", "body", "kind", "wait"), CASES)
def test_kind_and_wait(status: int, body: Any, kind: FailureKind, wait: float | None) -> None:
    failure = failure_from_status(status, orjson.dumps(body), {})
    assert (failure.kind, failure.retry_after_s) == (kind, pytest.approx(wait) if wait else wait)
    assert failure.message.startswith(f"HTTP {status}: ")
    assert not failure.message.startswith((f"HTTP {status}: [", f"HTTP {status}: {{"))  # a sentence


def test_what_never_passes_says_what_to_do() -> None:
    body = orjson.dumps(error("Request too large on tokens per minute (TPM): Limit 6000, Requested 6294"))
    message = failure_from_status(413, body, {}).message
    assert "can never pass" in message
    assert "max_tokens" in message


@pytest.mark.parametrize(
    ("body", "word"),
    [({"error": "Model is loading"}, "loading the model"), (error("Overloaded"), "overloaded")],
)
def test_what_is_waited_for_is_told(body: Any, word: str) -> None:
    assert failure_from_status(503, orjson.dumps(body), {}).waiting_for == f"the endpoint is {word}"


def test_input_that_a_server_repeats_is_no_reason() -> None:
    detail = [
        {"loc": ["body", "messages"], "msg": "Extra inputs are not permitted", "input": "Payment required"}
    ]
    failure = failure_from_status(400, orjson.dumps({"detail": detail}), {})
    assert failure.kind is FailureKind.BAD_REQUEST
    assert failure.message == "HTTP 400: body.messages: Extra inputs are not permitted"


class TestHeaders:
    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({"retry-after": "4, 4"}, 4.0),
            ({"retry-after": "4s"}, 4.0),
            ({"retry-after": "1.5"}, 1.5),
            ({"retry-after": "2 minutes"}, 120.0),
            ({"retry-after": "soon", "retry-after-ms": "800"}, 0.8),
            ({"retry-after": "1", "retry-after-ms": "800"}, 0.8),
            ({"x-ratelimit-reset-tokens": "7.66s"}, 7.66),
            ({"x-ratelimit-reset-requests": "6m0s"}, 360.0),
            ({"x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-reset-tokens": "7.66s"}, 7.66),
            (
                {
                    "x-ratelimit-remaining-requests": "0",
                    "x-ratelimit-reset-requests": "2m59.56s",
                    "x-ratelimit-remaining-tokens": "400",
                    "x-ratelimit-reset-tokens": "7.66s",
                },
                179.56,
            ),
            ({"ratelimit-reset": "12"}, 12.0),
            ({"retry-after": "nan"}, None),
            ({"retry-after": "inf"}, None),
            ({"retry-after": "0x10"}, None),
            ({"retry-after-ms": "nan"}, None),
            ({"x-ratelimit-reset-tokens": "inf"}, None),
            ({"x-ratelimit-reset": "-5"}, 0.0),
            ({"x-ratelimit-limit-tokens": "6000"}, None),
        ],
    )
    def test_durations(self, headers: dict[str, str], wait: float | None) -> None:
        failure = failure_from_status(429, b"", headers)
        assert failure.kind is RATE
        assert failure.retry_after_s == (None if wait is None else pytest.approx(wait))

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            ("x-ratelimit-reset", lambda reset: str(int(reset.timestamp()))),
            ("x-ratelimit-reset", lambda reset: str(int(reset.timestamp() * 1000))),
            ("anthropic-ratelimit-tokens-reset", datetime.isoformat),
            ("anthropic-ratelimit-requests-reset", lambda reset: reset.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ],
    )
    def test_points_in_time(self, name: str, written: Callable[[datetime], str]) -> None:
        reset = datetime.now(UTC) + timedelta(seconds=40)
        wait = failure_from_status(429, b"", {name: written(reset)}).retry_after_s
        assert wait == pytest.approx(40, abs=2)

    def test_passed_on_in_a_body(self) -> None:
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int((time.time() + 30) * 1000))}
        body = error("Rate limit exceeded: free-models-per-min.", metadata={"headers": headers})
        wait = failure_from_status(429, orjson.dumps(body), {}).retry_after_s
        assert wait == pytest.approx(30, abs=2)

    def test_a_day_of_which_nothing_is_left(self) -> None:
        headers = {
            "x-ratelimit-remaining-requests-day": "0",
            "x-ratelimit-reset-requests-day": "33011.3",
            "x-ratelimit-remaining-tokens-minute": "500",
            "x-ratelimit-reset-tokens-minute": "11.3",
        }
        assert failure_from_status(429, b'{"message":"Too many requests"}', headers).kind is QUOTA

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("4", 4), ("26s", 26), ("6m0s", 360), ("1h2m3s", 3723), ("120ms", 0.12), ("1d", 86_400), ("-3", 0)],
    )
    def test_duration(self, text: str, seconds: float) -> None:
        assert duration_s(text) == pytest.approx(seconds)

    @pytest.mark.parametrize("text", ["", "s", "4 apples", "4sx", "1e400", "nan", "4s" * 1000, "٤s" * 9])
    def test_no_duration(self, text: str) -> None:
        assert duration_s(text) is None


class TestErrorWithStatus200:
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({"message": "Provider returned error", "code": 429}, RATE),
            ({"message": "Provider returned error", "code": "429"}, RATE),
            ({"message": "Provider returned error", "code": 502}, SERVER),
            ({"message": "Insufficient credits", "code": 402}, QUOTA),
            ({"message": "Invalid credentials", "code": 401}, AUTH),
            ({"message": "slow down", "type": "rate_limit_error"}, RATE),
            ({"message": "Overloaded", "type": "overloaded_error"}, UNAVAILABLE),
            ({"message": OPENAI_QUOTA, "type": "insufficient_quota"}, QUOTA),
            ({"message": "no such model", "code": "model_not_found"}, FailureKind.MODEL_NOT_FOUND),
            (
                {"message": "maximum context length", "type": "invalid_request_error"},
                FailureKind.CONTEXT_LENGTH,
            ),
            ("Rate limit reached, slow down", RATE),
            ("something broke", SERVER),
        ],
    )
    def test_kind(self, body: Any, kind: FailureKind) -> None:
        assert failure_in_answer(body, {}).kind is kind

    def test_the_reason_of_the_provider_behind_a_gateway(self) -> None:
        body = {"message": "Provider returned error", "code": 429}
        told = {**body, "metadata": {"raw": "busy upstream, retry shortly"}}
        assert failure_in_answer(told, {}).message.endswith(
            "Provider returned error: busy upstream, retry shortly"
        )
        nested = {**body, "metadata": {"raw": '{"error":{"message":"busy upstream"}}'}}
        assert failure_in_answer(nested, {}).message.endswith("Provider returned error: busy upstream")
