"""The client of Wikipedia over real HTTP, against a stand-in of its API."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from app.domain.passages import Article, Section
from app.services.wikipedia import client as wikipedia
from app.services.wikipedia.client import Missing, fetch_articles
from tests.fixtures import fake_wikipedia
from tests.fixtures.fake_wikipedia import CUT, HANG, FakeWikipedia, Fault, api_error
from tests.services.wikipedia.conftest import Connect, kept, refused

pytestmark = pytest.mark.usefixtures("direct")
TOMORROW = format_datetime(datetime.now(UTC) + timedelta(days=1))


class TestArticle:
    async def test_key_title_and_sections(self, connect: Connect) -> None:
        sections = (
            Section("", "A tragedy.\nLong."),
            Section("Plot", "A ghost."),
            Section("Plot: Act I", "Walls."),
        )
        assert await connect().article("Hamlet") == Article("wikipedia:1000", "Hamlet", sections)

    @pytest.mark.parametrize(
        "title", ["Prince of Denmark", "prince_of_Denmark", " hamlet", "Prince \nof Denmark"]
    )
    async def test_redirected_and_normalised(self, connect: Connect, title: str) -> None:
        assert await connect().article(title) == await connect().article("Hamlet")

    async def test_missing(self, connect: Connect) -> None:
        assert await connect().article("Hamlt") == Missing("Hamlt", ("Hamlet",))
        assert await connect().summary("macbeth?") == Missing("macbeth?", ("Macbeth",))
        assert await connect().article("Xyz") == Missing("Xyz", ())

    async def test_five_titles_are_near_at_most(self, wiki: FakeWikipedia, connect: Connect) -> None:
        for number in range(9):
            wiki.page(f"Lear {number}", "x")
        missing = await connect().article("Lears")
        assert missing == Missing("Lears", tuple(f"Lear {number}" for number in range(5)))

    async def test_disambiguation(self, wiki: FakeWikipedia, connect: Connect) -> None:
        wiki.page("Mercury", "Mercury may refer to:", disambiguation=True)
        wiki.page("Mercury (planet)", "A planet.")
        wiki.redirect("Quicksilver", "Mercury")
        assert await connect().article("Mercury") == Missing("Mercury", ("Mercury (planet)",))
        assert await connect().article("Quicksilver") == Missing("Quicksilver", ())

    async def test_no_article(self, wiki: FakeWikipedia, connect: Connect) -> None:
        wiki.page("Talk:Hamlet", "Is it long?", namespace=1)
        wiki.page("Void", "== References ==\nA book.")
        for title in ("Talk:Hamlet", "Fr:Hamlet", "Hamlet|Macbeth", "Void", "Ha[m]let", "é" * 9999):
            assert isinstance(await connect().article(title), Missing), title

    async def test_what_cannot_be_sent_is_replaced(self, wiki: FakeWikipedia, connect: Connect) -> None:
        assert await connect().article("a\udc00\0b") == Missing("a?\ufffdb", ())

    @pytest.mark.parametrize("title", ["", " \n\x1f"])
    async def test_empty(self, wiki: FakeWikipedia, connect: Connect, title: str) -> None:
        client = connect()
        fetching = fetch_articles(client, ["Hamlet", title], print)
        for call in (client.article(title), client.summary(title), fetching):
            with pytest.raises(ValueError, match="empty"):
                await call
        assert not wiki.asked


class TestSummary:
    async def test_first_paragraph(self, connect: Connect) -> None:
        summary = await connect().summary("Prince of Denmark")
        assert summary == wikipedia.Summary("Hamlet", "A tragedy.", "https://wiki.test/wiki/Hamlet")

    async def test_no_introduction(self, wiki: FakeWikipedia, connect: Connect) -> None:
        wiki.page("Lear", "\n\n== Plot ==\nA storm.")
        assert await connect().summary("Lear") == Missing("Lear", ())


class TestRequests:
    async def test_says_who_asks(self, wiki: FakeWikipedia, connect: Connect) -> None:
        await connect().article("Hamlt")
        agents = {asked.headers["user-agent"] for asked in wiki.asked}
        assert agents == {"LlmForge/0.1.0 (self-hosted lab; contact: the user who runs it)"}
        assert [asked.params["maxlag"] for asked in wiki.asked] == ["5", "5"]

    async def test_through_the_proxy_of_the_environment(
        self, wiki: FakeWikipedia, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{wiki.port}")
        await connect(base_url="http://wiki.test/w/api.php").article("Macbeth")
        assert wiki.asked[0].headers["host"] == "wiki.test"

    async def test_redirect_here(self, wiki: FakeWikipedia, connect: Connect, tmp_path: Path) -> None:
        found = await connect().article("Hamlet")
        target = f"/w/api.php?{urlencode(wiki.asked[0].params)}"
        wiki.script.append(Fault(301, headers={"location": target}))
        assert await connect(cache_dir=tmp_path / "another", pause_s=0.05).article("Hamlet") == found
        assert wiki.gaps_s[-1] >= 0.05

    @pytest.mark.parametrize(
        ("changed", "said", "requests"),
        [
            (("127.0.0.1", "localhost"), "another host, localhost, not followed", 1),
            (("http:", "https:"), "another address, https://127.0.0.1:", 1),
            (("127.0.0.1:", "127.0.0.1:1"), "another address, http://127.0.0.1:1", 1),
            (("", ""), "too many redirects", 4),
        ],
    )
    async def test_redirect_elsewhere_or_without_end(
        self, wiki: FakeWikipedia, connect: Connect, changed: tuple[str, str], said: str, requests: int
    ) -> None:
        wiki.always = Fault(302, headers={"location": wiki.url.replace(*changed)})
        assert said in await refused(connect().article("Hamlet"))
        assert len(wiki.asked) == requests


class TestFailures:
    @pytest.mark.parametrize("fault", fake_wikipedia.PASSING)
    async def test_tried_again(self, wiki: FakeWikipedia, connect: Connect, fault: Fault) -> None:
        wiki.script += [fault] * 2
        client = connect(timeout_s=0.3 if fault is HANG else 5.0)
        assert isinstance(await client.article("Hamlet"), Article)
        assert not wiki.script

    @pytest.mark.parametrize(
        "fault",
        [Fault(429, headers={"retry-after": wish}) for wish in ("0.1", "86400", TOMORROW)]
        + [api_error("maxlag"), api_error("maxlag", retry_after="0.1")],
    )
    async def test_as_late_as_the_server_asks_within_reason(
        self, wiki: FakeWikipedia, connect: Connect, fault: Fault
    ) -> None:
        wiki.script += [fault]
        assert isinstance(await connect(max_retry_after_s=0.1).article("Hamlet"), Article)
        assert wiki.gaps_s[0] >= 0.1

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (Fault(502), "HTTP 502"),
            (CUT, "connection failed"),
            (Fault(302, headers={"location": "http://a:b/"}), "connection failed"),
            (HANG, "no answer within 0.1 s"),
            (api_error("maxlag", retry_after="0"), "it reports maxlag"),
        ],
    )
    async def test_given_up(self, wiki: FakeWikipedia, connect: Connect, fault: Fault, kind: str) -> None:
        wiki.always = fault
        client = connect(timeout_s=0.1 if fault is HANG else 5.0, attempts=3)
        said = await refused(client.article("Hamlet"))
        assert said.startswith(f"Wikipedia cannot be reached at 127.0.0.1:{wiki.port} ({kind}")
        assert len(wiki.asked) == 3

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (Fault(403, headers={"retry-after": "0"}), "HTTP 403"),
            (api_error("badvalue"), "it reports badvalue"),
            (Fault(body=b"{}" + b" " * 10**7), "longer than 10,000,000 bytes"),
            (Fault(302, headers={"location": "/w/api.php"}), "it reports badvalue"),
            *((fault, "its answer is not") for fault in fake_wikipedia.UNREADABLE),
        ],
    )
    async def test_what_no_other_try_mends(
        self, wiki: FakeWikipedia, connect: Connect, tmp_path: Path, fault: Fault, kind: str
    ) -> None:
        wiki.script.append(fault)
        assert kind in await refused(connect().article("Hamlet"))
        assert kept(tmp_path) == []

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "127.0.0.1", ""])
    async def test_nobody_there(self, connect: Connect, url: str) -> None:
        assert "connection failed" in await refused(connect(base_url=url).article("Hamlet"))

    async def test_environment_of_no_use(self, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(wikipedia.WikipediaUnreachable, match="cannot be reached at http://a:b"):
            connect(base_url="http://a:b")
        monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1")
        with pytest.raises(wikipedia.WikipediaUnreachable, match="nonsense"):
            connect()


class TestFetchArticles:
    async def test_in_order_and_once_each(self, wiki: FakeWikipedia, connect: Connect) -> None:
        told: list[tuple[int, int]] = []
        titles = ["Macbeth", "Nobody", "Prince of Denmark", "Hamlet", "Macbeth ", "Nobody", "Hamlt"]
        articles, missing = await fetch_articles(connect(), titles, lambda *steps: told.append(steps))
        assert [article.title for article in articles] == ["Macbeth", "Hamlet"]
        assert missing == [Missing("Nobody", ()), Missing("Hamlt", ("Hamlet",))]
        assert told == [(done, 5) for done in range(1, 6)]
        assert wiki.titles == ["Macbeth", "Nobody", "Prince of Denmark", "Hamlet", "Hamlt"]

    async def test_stopped_and_gone_on(self, wiki: FakeWikipedia, connect: Connect) -> None:
        with pytest.raises(ZeroDivisionError):
            await fetch_articles(connect(), ["Hamlet", "Macbeth"], lambda done, total: print(done / 0))
        assert wiki.titles == ["Hamlet"]
        await fetch_articles(connect(), ["Hamlet", "Macbeth"], lambda *_: None)
        assert wiki.titles == ["Hamlet", "Macbeth"]
