"""What errors of Redis mean: of replies as servers and hosts send them, and of connections that fail."""

import pytest
import redis
from redis._parsers.base import BaseParser

from app.core.queue import connect, queue_state
from app.core.redis_trouble import BadRedisUrl, Pauses, explain
from tests.fixtures.redis_proxy import ERRORS


def replied(reply: str) -> redis.RedisError:
    """Return what the client raises for a reply."""
    error: redis.RedisError = BaseParser.parse_error(reply)  # type: ignore[no-untyped-call]
    return error


@pytest.mark.parametrize(("kind", "reply"), ERRORS.items())
def test_each_reply_has_its_kind_and_says_what_to_do(kind: str, reply: str) -> None:
    trouble = explain(replied(reply))
    assert trouble.kind == kind
    assert trouble.message.endswith(".")
    assert trouble.message.count(". ") >= 1 or kind == "clients"
    assert 0 < trouble.first_pause_s <= trouble.longest_pause_s <= 300


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("ERR max daily request limit exceeded. Limit: 10000, Usage: 10001. See details", "limit"),
        ("ERR max requests limit exceeded.", "limit"),
        ("ERR monthly quota exceeded", "limit"),
        ("ERR max concurrent connections exceeded", "clients"),
        ("ERR DB capacity quota exceeded", "full"),
        ("UNBLOCKED client unblocked via CLIENT UNBLOCK", "failover"),
        ("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", "failover"),
        ("MOVED 3999 127.0.0.1:6381", "cluster"),
        ("NOAUTH Authentication required.", "refused_login"),
        ("ERR invalid password", "refused_login"),
        ("ERR Client sent AUTH, but no password is set", "refused_login"),
        ("ERR AUTH <password> called without any password configured for the default user.", "refused_login"),
        ("ERR unknown subcommand 'SETINFO'.", "unknown_command"),
    ],
)
def test_other_words_for_the_same(reply: str, kind: str) -> None:
    assert explain(replied(reply)).kind == kind


def test_a_limit_is_named_and_tried_ever_more_rarely() -> None:
    trouble = explain(replied(ERRORS["limit"]))
    assert "(500,000 commands)" in trouble.message
    assert trouble.longest_pause_s == 300


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (redis.ConnectionError("Error 111 connecting to 127.0.0.1:1. Connection refused."), "away"),
        (redis.ConnectionError("Connection closed by server."), "away"),
        (redis.ConnectionError("Error -2 connecting to h:1. Name or service not known."), "host"),
        (redis.ConnectionError("Error 1 connecting. [SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "tls"),
        (redis.ConnectionError("Error 1 connecting. [SSL: WRONG_VERSION_NUMBER] wrong version"), "tls"),
        (redis.ConnectionError("Error 2 connecting to h:1. No such file or directory."), "tls"),
        (redis.TimeoutError("Timeout reading from socket"), "slow"),
        (TimeoutError(), "slow"),
        (redis.InvalidResponse("Protocol Error: b'HTTP/1.1 400 Bad'"), "not_redis"),
        (ConnectionResetError(104, "reset"), "away"),
    ],
)
def test_connections(error: Exception, kind: str) -> None:
    assert explain(error).kind == kind


def test_an_unknown_reply_is_quoted_short() -> None:
    message = explain(redis.ResponseError("x" * 5000)).message
    assert "xxx" in message
    assert len(message) < 300


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:6379", "http://127.0.0.1", "redis://h:port", "redis://h:1?no_such_option=1"]
)
def test_what_is_no_url_is_refused_before_anything_connects(url: str) -> None:
    with pytest.raises(BadRedisUrl, match="REDIS_URL"):
        connect(url)
    with pytest.raises(redis.RedisError) as raised:
        queue_state(url, "q")
    assert explain(raised.value).kind == "url"


def test_pauses_of_a_limit_grow_to_five_minutes() -> None:
    pauses = Pauses()
    error = replied(ERRORS["limit"])
    assert [pauses.after(error) for _ in range(9)] == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    pauses.reset()
    assert pauses.after(error) == 5
