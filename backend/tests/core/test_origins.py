"""Which origins a list of them means, and which it does not."""

import pytest

from app.core.origins import Origins, frame_ancestors_of, origins_of

PREVIEWS = "https://llmforge-*-team.vercel.app"


class TestOrigins:
    @pytest.mark.parametrize(
        ("written", "sent"),
        [
            ("https://lab.example", "https://lab.example"),
            ("https://Lab.Example/", "https://lab.example"),
            ("https://lab.example:443", "https://lab.example"),
            ("http://lab.example:80/", "http://lab.example"),
            ("https://lab.example:80", "https://lab.example:80"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ],
    )
    def test_are_as_browsers_send_them(self, written: str, sent: str) -> None:
        assert origins_of(f" {written} ,") == [sent]
        assert sent in Origins.of(written)

    @pytest.mark.parametrize(
        "written",
        [
            "lab.example",
            "null",
            "https://",
            "https://lab.example/dashboard",
            "https://lab.example?x",
            "https://user@lab.example",
            "https://lab example",
            "https://lab.example:*",
            "https://lab..example",
            "https://läb.example",
        ],
    )
    def test_what_is_none(self, written: str) -> None:
        with pytest.raises(ValueError, match="which is no origin"):
            origins_of(f"https://a.example,{written}")

    @pytest.mark.parametrize(
        "written",
        [
            "https://*",
            "https://*.app",
            "https://team-*.app",
            "https://a.*.vercel.app",
            "https://*.*.vercel.app",
            "https://*-*-team.vercel.app",
            "https://lab.example*",
            "https://**.vercel.app",
        ],
    )
    def test_a_wildcard_that_could_be_anybody(self, written: str) -> None:
        with pytest.raises(ValueError, match="one \\* may stand in the first part"):
            origins_of(written)

    @pytest.mark.parametrize(
        "origin",
        [
            "https://llmforge-git-main-team.vercel.app",
            "https://llmforge-4f2a91c0-team.vercel.app",
            "https://llmforge-x-team.vercel.app",
        ],
    )
    def test_previews(self, origin: str) -> None:
        assert origin in Origins.of(f"https://lab.example,{PREVIEWS}")

    @pytest.mark.parametrize(
        "origin",
        [
            "https://llmforge-x-team.vercel.app.evil.example",
            "https://llmforge-x-team.vercel.app:8443",
            "http://llmforge-x-team.vercel.app",
            "https://evil.example/llmforge-x-team.vercel.app",
            "https://llmforge-x-team-vercel.app",
            "https://llmforge-x-teamavercel.app",
            "https://llmforge-a.b-team.vercel.app",
            "https://llmforge-evil.example#-team.vercel.app",
            "https://llmforge--team.vercel.app",
            "https://sub.llmforge-x-team.vercel.app",
            "https://xllmforge-x-team.vercel.app",
            "https://llmforge-x-team.vercel.app\n",
            "https://llmforge-é-team.vercel.app",
            "null",
            "",
        ],
    )
    def test_look_alikes(self, origin: str) -> None:
        assert origin not in Origins.of(PREVIEWS)

    def test_several_patterns(self) -> None:
        allowed = Origins.of(f"{PREVIEWS},https://*.lab.example")
        assert "https://a.lab.example" in allowed
        assert "https://llmforge-1-team.vercel.app" in allowed
        assert "https://lab.example" not in allowed
        assert "https://a.lab.example.llmforge-1-team.vercel.app" not in allowed


class TestFrameAncestors:
    @pytest.mark.parametrize(
        ("written", "sources"),
        [
            ("", "'none'"),
            ("none", "'none'"),
            ("'none'", "'none'"),
            ("self", "'self'"),
            ("https://huggingface.co", "https://huggingface.co"),
            ("https://huggingface.co, self", "https://huggingface.co 'self'"),
            ("https://huggingface.co https://*.lab.example/", "https://huggingface.co https://*.lab.example"),
        ],
    )
    def test_sources(self, written: str, sources: str) -> None:
        assert frame_ancestors_of(written) == sources

    @pytest.mark.parametrize(
        "written",
        [
            "none, self",
            "huggingface.co",
            "none; script-src *",
            "https://a.example; script-src *",
            "https://x-*.lab.example",
            "https://*",
            "unsafe-inline",
            "https:",
        ],
    )
    def test_what_is_none(self, written: str) -> None:
        with pytest.raises(ValueError, match=r"lists|has none beside others"):
            frame_ancestors_of(written)
