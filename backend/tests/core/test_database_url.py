"""Tests of what DATABASE_URL may say, and of TLS to a server that insists on it."""

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from app.core.database import create_engine, is_database_away
from app.core.database_url import DatabaseUrlError, read_database_url
from app.core.embedded.postgres import EmbeddedPostgres
from tests.fixtures.tls_front import Certificates, make_certificates, tls_front

NEON = "postgresql://u:p%40ss@ep-x-pooler.eu-central-1.aws.neon.tech/neondb"


class TestAddress:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("postgresql://app@127.0.0.1:5/db", "postgresql+asyncpg://app@127.0.0.1:5/db"),
            ("postgres://app@h/db", "postgresql+asyncpg://app@h/db"),
            ("postgresql+asyncpg://app@h/db", "postgresql+asyncpg://app@h/db"),
            ("postgresql+psycopg2://app@h/db", "postgresql+asyncpg://app@h/db"),
            (f"{NEON}?sslmode=require", NEON.replace("postgresql", "postgresql+asyncpg")),
            ("postgresql:///db?host=/run/pg&user=u", "postgresql+asyncpg:///db?host=%2Frun%2Fpg&user=u"),
        ],
    )
    def test_url(self, given: str, expected: str) -> None:
        assert read_database_url(given).url == expected

    @pytest.mark.parametrize(
        "url", ["", "sqlite:///x.db", "mysql://h/db", "h/db", "rediss://u:p@x.upstash.io:6379"]
    )
    def test_no_postgres(self, url: str) -> None:
        with pytest.raises(DatabaseUrlError, match="must start with postgresql://"):
            read_database_url(url)

    def test_unreadable_one_shows_no_password(self) -> None:
        with pytest.raises(DatabaseUrlError, match="%2F") as caught:
            read_database_url("postgresql://app:se/cret@h:5432/db")
        assert "se" not in str(caught.value).split("DATABASE_URL")[0]
        assert "cret" not in str(caught.value)


class TestOptions:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", {}),
            ("channel_binding=require&gssencmode=disable&target_session_attrs=any&keepalives=1", {}),
            ("sslmode=disable", {"ssl": "disable"}),
            ("sslmode=prefer", {"ssl": "prefer"}),
            ("connect_timeout=3", {"timeout": 3.0}),
            ("connect_timeout=0", {}),
            ("command_timeout=60", {"command_timeout": 60.0}),
            ("sslnegotiation=direct", {"direct_tls": True}),
            ("passfile=/p", {"passfile": "/p"}),
            ("prepared_statement_cache_size=20", {"prepared_statement_cache_size": 20}),
            ("application_name=mine", {"server_settings": {"application_name": "mine"}}),
            (
                "options=endpoint%3Dep-x&search_path=lab",
                {
                    "server_settings": {
                        "application_name": "llmforge",
                        "options": "endpoint=ep-x",
                        "search_path": "lab",
                    }
                },
            ),
        ],
    )
    def test_for_asyncpg(self, query: str, expected: dict[str, Any]) -> None:
        usual = {"timeout": 15.0, "server_settings": {"application_name": "llmforge"}}
        address = read_database_url(f"postgresql://h/db?{query}")
        assert address.options == {**usual, **expected}
        assert not address.pooled

    @pytest.mark.parametrize(
        "query",
        [
            "pgbouncer=true&connection_limit=1",
            "statement_cache_size=0",
            "prepared_statement_cache_size=0",
            "statement_cache_size=0&prepared_statement_cache_size=0",
        ],
    )
    def test_of_poolers(self, query: str) -> None:
        address = read_database_url(f"postgresql://h/db?{query}")
        assert address.pooled
        assert address.options.keys() == {"timeout", "server_settings"}

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("sslmode=nonsense", "sslmode of DATABASE_URL is 'nonsense', but must be disable or"),
            (
                "sslmode=verify-full&sslrootcert=/no/such.pem",
                "sslrootcert of DATABASE_URL names no file: /no",
            ),
            ("sslmode=require&sslcert=/no/such.pem", "sslcert of DATABASE_URL names no file"),
            (f"sslmode=verify-ca&sslrootcert={__file__}", "The certificates of DATABASE_URL cannot be used"),
            ("connect_timeout=soon", "connect_timeout of DATABASE_URL must be a number of seconds"),
            ("pgbouncer=maybe", "pgbouncer of DATABASE_URL must be true or false"),
            ("statement_cache_size=few", "statement_cache_size of DATABASE_URL must be a whole number"),
        ],
    )
    def test_refused(self, query: str, message: str) -> None:
        with pytest.raises(DatabaseUrlError, match=message):
            read_database_url(f"postgresql://h/db?{query}")

    @pytest.mark.parametrize(
        ("url", "message"),
        [
            ("postgresql://one:5432,two:5432/db", "names several hosts"),
            ("postgresql://user:p@ss@host/db", "The characters / : @ # in a password are written"),
        ],
    )
    def test_hosts_that_cannot_be_read(self, url: str, message: str) -> None:
        with pytest.raises(DatabaseUrlError, match=message):
            read_database_url(url)

    def test_blanks_around_it_mean_nothing(self) -> None:
        assert read_database_url(" postgresql://h/db \n") == read_database_url("postgresql://h/db")

    @pytest.mark.parametrize(
        ("query", "verifies", "checks_name"),
        [
            ("sslmode=require", False, False),
            ("ssl=require", False, False),
            ("sslmode=require&sslrootcert={ca}", True, False),
            ("sslrootcert={ca}", True, False),
            ("sslmode=verify-ca&sslrootcert={ca}", True, False),
            ("sslmode=verify-full&sslrootcert={ca}", True, True),
            ("sslmode=verify-full", True, True),
            ("sslmode=verify-full&sslrootcert=system", True, True),
            ("sslrootcert=system", True, True),
            ("ssl=true", True, True),
        ],
    )
    def test_what_tls_checks(
        self, query: str, verifies: bool, checks_name: bool, certificates: Certificates
    ) -> None:
        url = f"postgresql://h/db?{query.format(ca=certificates.authority)}"
        context = read_database_url(url).options["ssl"]
        assert (context.verify_mode is ssl.CERT_REQUIRED) == verifies
        assert context.check_hostname == checks_name

    def test_files_of_the_environment_and_usual_place(
        self, tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        usual = tmp_path / ".postgresql" / "root.crt"
        usual.parent.mkdir()
        usual.write_bytes(certificates.authority.read_bytes())
        context = read_database_url("postgresql://h/db?sslmode=verify-full").options["ssl"]
        assert len(context.get_ca_certs()) == 1
        monkeypatch.setenv("PGSSLROOTCERT", "/no/such.pem")
        with pytest.raises(DatabaseUrlError, match="names no file"):
            read_database_url("postgresql://h/db?sslmode=verify-full")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates for ``localhost``."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


async def ask(url: str) -> int:
    engine = create_engine(url)
    try:
        async with engine.connect() as connection:
            return int(await connection.scalar(text("select 42")) or 0)
    finally:
        await engine.dispose()


def through(postgres: EmbeddedPostgres, port: int, host: str = "localhost") -> str:
    server = urlsplit(postgres.url)
    return server._replace(netloc=f"{server.username}:{server.password}@{host}:{port}").geturl()


class TestTls:
    @pytest.mark.parametrize(
        ("host", "query"),
        [
            ("localhost", "sslmode=require&channel_binding=require"),
            ("localhost", "sslmode=verify-ca&sslrootcert={ca}"),
            ("127.0.0.1", "sslmode=verify-ca&sslrootcert={ca}"),
            ("localhost", "sslmode=verify-full&sslrootcert={ca}"),
            ("localhost", ""),
        ],
    )
    async def test_works(
        self, host: str, query: str, postgres: EmbeddedPostgres, certificates: Certificates
    ) -> None:
        async with tls_front(postgres.port, certificates) as front:
            url = through(postgres, front.port, host)
            assert await ask(f"{url}?{query.format(ca=certificates.authority)}") == 42
        assert (front.encrypted, front.plain) == (1, 0)

    @pytest.mark.parametrize(
        ("host", "query"),
        [
            ("localhost", "sslmode=verify-full&sslrootcert={other}"),
            ("localhost", "sslmode=verify-ca&sslrootcert={other}"),
            ("localhost", "sslmode=require&sslrootcert={other}"),
            ("localhost", "sslmode=verify-full"),
            ("127.0.0.1", "sslmode=verify-full&sslrootcert={ca}"),
        ],
    )
    async def test_wrong_certificate_is_never_talked_to(
        self, host: str, query: str, postgres: EmbeddedPostgres, certificates: Certificates
    ) -> None:
        query = query.format(ca=certificates.authority, other=certificates.other_authority)
        async with tls_front(postgres.port, certificates) as front:
            with pytest.raises(ssl.SSLCertVerificationError):
                await ask(f"{through(postgres, front.port, host)}?{query}")
        assert front.plain == 0

    async def test_client_certificate(self, postgres: EmbeddedPostgres, certificates: Certificates) -> None:
        async with tls_front(postgres.port, certificates, client_certificate=True) as front:
            url = f"{through(postgres, front.port)}?sslmode=require"
            own = f"&sslcert={certificates.certificate}&sslkey={certificates.key}"
            assert await ask(url + own) == 42
            with pytest.raises(Exception) as caught:  # noqa: PT011 - any, as long as it is told apart
                await ask(url)
            assert is_database_away(caught.value)

    async def test_server_without_tls(self, postgres: EmbeddedPostgres) -> None:
        with pytest.raises(ConnectionError, match="SSL"):
            await ask(f"{postgres.url}?sslmode=require")
