"""What an error of Redis means, in a sentence that says what to do, and how soon to try again.

Redis reports most troubles by the first word of an error reply (``LOADING``, ``READONLY``, ``OOM``, …). A
plan's limit is reported by the host in words of its own; Upstash, for example, answers every command with
``ERR max requests limit exceeded. Limit: 500000, Usage: 500000`` until the month ends.
"""

import re
import ssl
from dataclasses import dataclass
from typing import Literal

from redis import exceptions

from app.core.redaction import redact

Kind = Literal[
    "url",
    "host",
    "away",
    "slow",
    "tls",
    "refused_login",
    "refused_command",
    "limit",
    "full",
    "clients",
    "loading",
    "read_only",
    "failover",
    "disk",
    "replicas",
    "busy",
    "cluster",
    "unknown_command",
    "not_redis",
    "other",
]

_LONGEST_REPLY = 160  # characters of an unknown error that are quoted


class BadRedisUrl(exceptions.RedisError):
    """REDIS_URL is no address of a Redis."""


@dataclass(frozen=True, slots=True)
class RedisTrouble:
    """Why Redis does not do its work.

    Attributes:
        kind: of trouble.
        message: what it is and what to do, in one or two sentences.
        first_pause_s: seconds until the next try; doubled after each that fails.
        longest_pause_s: the most seconds between two tries. Long where each try counts (a plan's limit), or
            where only a change of the configuration helps.
    """

    kind: Kind
    message: str
    first_pause_s: float = 0.2
    longest_pause_s: float = 5.0


_AWAY = RedisTrouble("away", "Redis does not answer. Check REDIS_URL, and that the server runs.")
_HOST = RedisTrouble(
    "host", "The host name in REDIS_URL is unknown. Correct it, or check this machine's network.", 1.0, 30.0
)
_SLOW = RedisTrouble(
    "slow",
    "Redis accepts connections but does not answer in time. Check its load, and whether REDIS_URL needs "
    "redis:// or rediss://.",
)
_TLS = RedisTrouble(
    "tls",
    "No TLS connection to Redis. Check that REDIS_URL begins with rediss:// just when the server "
    "expects TLS, and name the authority of its certificate with ?ssl_ca_certs=FILE.",
    1.0,
    60.0,
)
_NOT_REDIS = RedisTrouble(
    "not_redis",
    "What answers at REDIS_URL is no Redis, or expects TLS. Check host, port, and redis:// or rediss://.",
    1.0,
    60.0,
)
_LOGIN = RedisTrouble(
    "refused_login", "Redis refuses the password or user. Correct them in REDIS_URL.", 1.0, 60.0
)
_FAILOVER = RedisTrouble(
    "failover", "Redis is changing its primary (fail-over). Wait; it ends by itself.", 0.5, 5.0
)
_CLUSTER = RedisTrouble(
    "cluster",
    "This Redis is a cluster or a part of one that is down; the job queue needs a single server. "
    "Name one in REDIS_URL.",
    1.0,
    60.0,
)
_BY_CODE = {
    "LOADING": RedisTrouble("loading", "Redis is loading its data. Wait; it answers when that is done.", 0.5),
    "READONLY": RedisTrouble(
        "read_only",
        "This Redis is a read-only replica. Wait if it is failing over; otherwise name the primary in "
        "REDIS_URL.",
        0.5,
    ),
    "OOM": RedisTrouble(
        "full", "Redis is full (maxmemory). Give it more memory, or remove keys of others.", 1.0, 30.0
    ),
    "MISCONF": RedisTrouble(
        "disk",
        "Redis cannot save to its disk, and so refuses writes. Make room there; its log has the reason.",
        1.0,
        30.0,
    ),
    "NOREPLICAS": RedisTrouble(
        "replicas", "Redis has too few replicas, and so refuses writes. Start them again.", 1.0, 30.0
    ),
    "BUSY": RedisTrouble("busy", "Redis is busy with a script. Wait, or end it with SCRIPT KILL.", 0.5),
    "UNBLOCKED": _FAILOVER,
    "MASTERDOWN": _FAILOVER,
    "NOAUTH": _LOGIN,
    "WRONGPASS": _LOGIN,
    "NOPERM": RedisTrouble(
        "refused_command",
        "The user of REDIS_URL may not run the commands of the job queue. Allow them (ACL), or name another "
        "user.",
        1.0,
        60.0,
    ),
    **dict.fromkeys(("MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN", "TRYAGAIN"), _CLUSTER),
}
# What hosts say in words of their own; the first that is found counts.
_BY_WORDS: tuple[tuple[re.Pattern[str], RedisTrouble], ...] = (
    (
        re.compile(r"max number of clients|concurrent connections", re.IGNORECASE),
        RedisTrouble(
            "clients", "Redis has too many connections. End other clients, or raise its limit.", 1.0, 30.0
        ),
    ),
    (
        re.compile(r"(capacity|storage|memory|size) (quota|limit) exceeded|maxmemory", re.IGNORECASE),
        _BY_CODE["OOM"],
    ),
    (
        re.compile(
            r"(limit|quota) (is |was )?(exceeded|reached)|too many requests|exceeded.*(limit|quota)",
            re.IGNORECASE,
        ),
        RedisTrouble(
            "limit",
            "Redis refuses commands because the limit of its plan is used up{limit}. Wait for the next "
            "period, choose a larger plan, or set REDIS_URL to another server.",
            5.0,
            300.0,
        ),
    ),
    (re.compile(r"unblock", re.IGNORECASE), _FAILOVER),
    (
        re.compile(r"invalid (user|pass)|\bAUTH\b.*password|authentication", re.IGNORECASE),
        _LOGIN,
    ),
    (
        re.compile(r"unknown (sub)?command", re.IGNORECASE),
        RedisTrouble(
            "unknown_command",
            "This Redis lacks a command that the job queue needs. Use Redis 6.2 or newer, or Valkey.",
            1.0,
            60.0,
        ),
    ),
    (re.compile(r"protocol error|invalid response|bad response", re.IGNORECASE), _NOT_REDIS),
)
_LIMIT = re.compile(r"limit: *(\d+)", re.IGNORECASE)
_TLS_WORDS = re.compile(r"\bssl\b|\btls\b|certificate|no such file", re.IGNORECASE)
_HOST_WORDS = re.compile(r"name or service|name resolution|nodename nor servname|getaddrinfo", re.IGNORECASE)


class Pauses:
    """How long to wait after each of several troubles in a row; each pause is twice the last."""

    def __init__(self) -> None:
        self.last_s = 0.0

    def after(self, error: BaseException) -> float:
        """Return the seconds to wait after an error."""
        trouble = explain(error)
        self.last_s = min(max(self.last_s * 2, trouble.first_pause_s), trouble.longest_pause_s)
        return self.last_s

    def reset(self) -> None:
        """Begin anew, since Redis has done its work."""
        self.last_s = 0.0


def explain(error: BaseException) -> RedisTrouble:
    """Return what an error of redis-py, or of its connection, means."""
    text = str(error)
    if isinstance(error, BadRedisUrl):
        return RedisTrouble("url", text, 60.0, 60.0)
    if isinstance(error, exceptions.TimeoutError | TimeoutError):
        return _SLOW
    code = getattr(error, "status_code", None) or text.partition(" ")[0]
    if isinstance(error, exceptions.RedisError) and (found := _BY_CODE.get(code)):
        return found
    if isinstance(error, exceptions.InvalidResponse):
        return _NOT_REDIS
    for words, trouble in _BY_WORDS:
        if words.search(text):
            return _with_limit(trouble, text)
    return _of_connection(error, text)


def _of_connection(error: BaseException, text: str) -> RedisTrouble:
    if isinstance(error, ssl.SSLError) or _TLS_WORDS.search(text):
        return _TLS
    if _HOST_WORDS.search(text):
        return _HOST
    if isinstance(error, exceptions.ConnectionError | OSError):
        return _AWAY
    said = redact(text)[:_LONGEST_REPLY].strip().rstrip(".")
    return RedisTrouble(
        "other", f"Redis refuses a command: {said or type(error).__name__}. Its log says more.", 1.0, 60.0
    )


def _with_limit(trouble: RedisTrouble, text: str) -> RedisTrouble:
    if trouble.kind != "limit":
        return trouble
    found = _LIMIT.search(text)
    limit = f" ({int(found[1]):,} commands)" if found else ""
    message = trouble.message.format(limit=limit)
    return RedisTrouble(trouble.kind, message, trouble.first_pause_s, trouble.longest_pause_s)
