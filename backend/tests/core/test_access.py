"""Reading named API keys."""

import pytest
from pydantic import SecretStr, ValidationError

from app.core.access import AccessKey, acting, acting_as, parse_keys
from app.core.config import Settings

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"


class TestParse:
    def test_right(self) -> None:
        assert parse_keys("") == ()
        assert parse_keys(f" alice:write:{KEY} ,, ci@lab.example:read: {OTHER}:x ") == (
            AccessKey("alice", "write", KEY),
            AccessKey("ci@lab.example", "read", f"{OTHER}:x"),
        )

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (KEY, "key 1: write name:read:key"),
            (f"alice:{KEY}", "key 1"),
            (f"a:read:{KEY},:write:{OTHER}", "key 2"),
            (f"a b:read:{KEY}", "key 1"),
            (f"a:admin:{KEY}", "at a: the role is read or write"),
            ("a:read:short-5ecret", "at a: the key needs at least 16"),
            (f"a:read:{KEY}\u00e9", "at a: the key may hold only printable ASCII"),
            (f"a:read:{KEY},a:write:{OTHER}", "two equal names"),
            (f"a:read:{KEY},b:write:{KEY}", "two equal keys"),
        ],
    )
    def test_wrong(self, text: str, message: str) -> None:
        with pytest.raises(ValueError, match=message) as wrong:
            parse_keys(text)
        assert KEY not in str(wrong.value)
        assert "5ecret" not in str(wrong.value)
        with pytest.raises(ValidationError) as refused:
            Settings(api_keys=SecretStr(text))
        assert KEY not in str(refused.value)

    def test_a_key_is_not_shown(self) -> None:
        assert KEY not in repr(parse_keys(f"a:read:{KEY}"))


class TestSettings:
    def test_both_variables(self) -> None:
        settings = Settings(api_key=SecretStr(KEY), api_keys=SecretStr(f"ci:read:{OTHER}"))
        assert [(one.name, one.role) for one in settings.access_keys] == [
            ("default", "write"),
            ("ci", "read"),
        ]

    @pytest.mark.parametrize(
        ("keys", "sent"),
        [(f"ci:read:{KEY},alice:write:{OTHER}", OTHER), (f"ci:read:{KEY}", KEY), ("", "")],
    )
    def test_what_the_command_line_sends(self, keys: str, sent: str) -> None:
        assert Settings(api_keys=SecretStr(keys)).client_key == sent


def test_acting() -> None:
    assert acting() is None
    with acting_as("alice"):
        assert acting() == "alice"
    assert acting() is None
