"""Tests of masking secrets and of the log's form."""

import io
import json
import logging
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest
import structlog

from app.core.logging import bind, configure_logging, get_logger
from app.core.redaction import redact, register_secret

KEY = "sk-proj-Planted/5ecret+0fTheProvider"


class TestRedact:
    def test_nothing_known(self) -> None:
        assert redact("sk-anything") == "sk-anything"

    def test_everywhere_in_a_text(self) -> None:
        register_secret("s3cret.*")
        assert redact("as3cret.*b s3cret.* s3cretXX") == "a[redacted]b [redacted] s3cretXX"

    def test_longer_one_first(self) -> None:
        for secret in ("secret", "secret-and-more", "more-secret"):
            register_secret(secret)
        assert redact("secret-and-more") == "[redacted]"

    @pytest.mark.parametrize("value", [None, "", "short"])
    def test_too_short_to_be_one(self, value: str | None) -> None:
        register_secret(value)
        assert redact("a short text") == "a short text"

    @pytest.mark.parametrize(
        "secret", ["sk-planted/5ecret+of=the.provider", "gsk_0123456789abcdef", "pässwörd~1"]
    )
    def test_other_spellings(self, secret: str) -> None:
        register_secret(secret)
        basic = [
            b64encode(f"{user}:{secret}{more}".encode()).decode()
            for user in ("", "a", "ab", "abc")
            for more in ("", "x")
        ]
        quoted = [
            quote(secret, safe=""),
            quote_plus(secret),
            quote(secret),
            quote(quote(secret, safe=""), safe=""),
        ]
        quoted += [one.replace("%2F", "%2f").replace("%C3", "%c3") for one in quoted]
        quoted += ["".join(f"%{byte:02X}" for byte in secret.encode())]
        escaped = [
            json.dumps(secret)[1:-1],
            secret.replace("/", "\\/"),
            json.dumps(json.dumps({"a": secret.replace("/", "\\/")})),
        ]
        escaped += ["".join(f"\\u{ord(one):04x}" for one in secret)]
        for written in [*basic, urlsafe_b64encode(f"ab{secret}".encode()).decode(), *quoted, *escaped]:
            found = redact(f'{{"error": "no {written}"}}')
            assert "[redacted]" in found, written
            left = found.replace("[redacted]", "")
            assert not any(written[place : place + 8] in left for place in range(4, len(written) - 12)), found

    @pytest.mark.parametrize("between", ["\n", "\r\n", "\0", "\ufffd"])
    def test_over_several_lines(self, between: str) -> None:
        register_secret("sk-planted/5ecret")
        assert redact(f"a sk-plan{between}ted/5e{between}cret\nb") == "a [redacted]\nb"
        assert redact(f"a sk-plan{between}ted\nb") == f"a sk-plan{between}ted\nb"

    @pytest.mark.parametrize(
        "written",
        [
            KEY.upper(),
            KEY.lower(),
            KEY.swapcase(),
            KEY[::-1],
            KEY[::-1].upper(),
            KEY.encode().hex(),
            KEY.encode().hex().upper(),
            " ".join(KEY),
            ", ".join(KEY),
            f"{KEY[:9]} {KEY[9:]}",
            f'{KEY[:9]}" + "{KEY[9:]}',
            f"{KEY[:9]}`\n`{KEY[9:]}",
            "\u200b".join(KEY).upper(),
            quote(KEY.upper(), safe=""),
        ],
    )
    def test_spellings_of_a_long_secret(self, written: str) -> None:
        register_secret(KEY)
        assert redact(f"Here it is: <{written}>.") == "Here it is: <[redacted]>."

    @pytest.mark.parametrize(
        "text",
        ["LLMFORGE", "llm forge", "egrofmll", "6c6c6d666f726765", "Sk-Planted", "sk - planted / 5ecret"],
    )
    def test_ordinary_texts_that_look_like_a_short_secret_stay(self, text: str) -> None:
        for secret in ("llmforge", "sk-planted"):
            register_secret(secret)
        assert redact(f"a {text} b") == f"a {text} b"

    def test_a_long_text_without_secrets_is_fast(self) -> None:
        for number in range(8):
            register_secret(f"sk-planted-5ecret-of-provider-{number}")
        text = "an ordinary answer with 100 % and a \\frac{1}{2} in it. " * 20_000
        started = time.process_time()
        assert redact(text) == text
        assert time.process_time() - started < 1


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the application's handler writes."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logging("INFO", "json")
    written = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers, root.level = handlers, level
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in stream.getvalue().splitlines()]


class TestLogging:
    def test_one_json_object_a_line(self, stream: io.StringIO) -> None:
        get_logger("test.a").info("happened", size=3, text="two\nlines", nothing=None)
        (line,) = lines(stream)
        assert line["timestamp"].endswith("Z")
        assert {k: line[k] for k in ("event", "size", "text", "nothing", "level", "logger")} == {
            "event": "happened",
            "size": 3,
            "text": "two\nlines",
            "nothing": None,
            "level": "info",
            "logger": "test.a",
        }

    def test_bound_ids_are_on_every_line_of_the_block(self, stream: io.StringIO) -> None:
        with bind(experiment_id="e1"):
            get_logger("test.b").info("inside")
            logging.getLogger("test.library").warning("of a library")
        get_logger("test.b").info("outside")
        assert [line.get("experiment_id") for line in lines(stream)] == ["e1", "e1", None]

    def test_secrets_are_masked_in_every_value(self, stream: io.StringIO) -> None:
        register_secret("pl4nted-secret")
        log = get_logger("test.c")
        secret = "has pl4nted-secret in it"
        log.info(secret, text=secret, nested={"a": [secret, (secret,)]}, error=ValueError(secret))
        try:
            raise ValueError(secret)
        except ValueError:
            log.exception("crashed")
            logging.getLogger("test.library").exception("%s", secret)
        text = stream.getvalue()
        assert "pl4nted-secret" not in text
        assert text.count("[redacted]") >= 7
        assert "Traceback" in text

    def test_below_the_level(self, stream: io.StringIO) -> None:
        get_logger("test.d").debug("quiet")
        logging.getLogger("httpx").info("quiet")
        assert stream.getvalue() == ""

    @pytest.mark.parametrize("value", ["\ud800", 2**70, {"a": {1, 2}}, object(), b"\xff", float("nan")])
    def test_no_value_loses_a_line(self, stream: io.StringIO, value: Any) -> None:
        get_logger("test.e").info("odd", value=value)
        (line,) = lines(io.StringIO(stream.getvalue().replace("\\ud800", "?")))
        assert line["event"] == "odd"

    def test_console(self, stream: io.StringIO) -> None:
        configure_logging("INFO", "console")
        handler = logging.getLogger().handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        get_logger("test.f").info("happened", size=3)
        assert "happened" in stream.getvalue()
        assert "size=3" in stream.getvalue()

    def test_a_terminal_obeys_no_line(self, stream: io.StringIO) -> None:
        configure_logging("INFO", "console")
        handler = logging.getLogger().handlers[0]
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(stream)
        get_logger("test.g").info("happened \x1b[2J", name="\x1b]0;title\x07", other="\u202e")
        logging.getLogger("test.library").error("of a library: \x1b[2J")
        assert not set("\x1b\x07\u202e") & set(stream.getvalue())
        assert stream.getvalue().count("␛[2J") == 2
