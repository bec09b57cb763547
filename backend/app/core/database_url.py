"""What ``DATABASE_URL`` says: the server, and the options of its query, under the names of libpq.

Hosts give addresses such as ``postgresql://…?sslmode=require&channel_binding=require``. asyncpg takes
other names, and none at all as text. What is in no list here goes to the server as a setting of the
session, as asyncpg does with addresses of its own.
"""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.domain.json import JsonObject

_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_TLS_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_TLS = frozenset({"sslmode", "ssl", "sslpassword", "sslnegotiation", *_TLS_FILES})
# Where the server is, which SQLAlchemy reads from the query itself.
_WHERE = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "database"}
# Options of libpq that asyncpg does not have or need, and those that hosts add for other libraries.
_IGNORED = frozenset(
    {"channel_binding", "client_encoding", "fallback_application_name", "gssencmode", "keepalives"}
    | {"keepalives_count", "keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts"}
    | {"require_auth", "requirepeer", "sslcompression", "sslsni", "target_session_attrs", "tcp_user_timeout"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version"}
    | {"connection_limit", "pool_timeout", "supa", "uselibpqcompat", "workaround"}
)
_STATEMENT_CACHES = ("statement_cache_size", "prepared_statement_cache_size")


_CANNOT_BE_READ = (
    "DATABASE_URL cannot be read. The characters / : @ # in a password are written %2F %3A %40 %23."
)


class DatabaseUrlError(ValueError):
    """``DATABASE_URL`` cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """A database, as SQLAlchemy's asyncpg dialect takes it.

    Attributes:
        url: with the dialect, without options.
        options: for ``asyncpg.connect``.
        pooled: whether the URL says that a transaction pooler is in between.
    """

    url: str
    options: JsonObject
    pooled: bool


def read_database_url(url: str) -> DatabaseAddress:
    """Return what ``url`` says.

    ``pgbouncer=true`` and ``statement_cache_size=0``, which hosts and guides recommend for poolers, are
    understood; a pooler is also recognised without them.

    Raises:
        DatabaseUrlError: if it is not a Postgres URL, or an option has a value that it cannot have.
    """
    try:
        parts = urlsplit(url.strip())
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if "," in parts.netloc.rpartition("@")[2]:
            raise DatabaseUrlError("DATABASE_URL names several hosts; name one, to which all may be written.")
        parts.port  # noqa: B018 - raises if it is no number
    except DatabaseUrlError:
        raise
    except ValueError:  # what it says may be a part of the password
        raise DatabaseUrlError(_CANNOT_BE_READ) from None
    if parts.netloc.count("@") > 1:
        raise DatabaseUrlError(_CANNOT_BE_READ)
    if parts.scheme.split("+")[0] not in {"postgres", "postgresql"}:
        raise DatabaseUrlError(
            "DATABASE_URL must start with postgresql:// (leave it empty for the embedded Postgres)"
        )
    where = {_WHERE[name]: value for name, value in query.items() if name in _WHERE}
    options: JsonObject = {"timeout": _seconds(query, "connect_timeout") or 15.0}
    if tls := _tls(query):
        options["ssl"] = tls
    if query.get("sslnegotiation") == "direct":
        options["direct_tls"] = True
    if limit := _seconds(query, "command_timeout"):
        options["command_timeout"] = limit
    if "passfile" in query:
        options["passfile"] = query["passfile"]
    caches = {name: _whole(query, name) for name in _STATEMENT_CACHES if name in query}
    pooled = 0 in caches.values() or _flag(query, "pgbouncer")
    options |= {} if pooled else caches
    known = _WHERE.keys() | _TLS | _IGNORED | {"connect_timeout", "command_timeout", "passfile", "pgbouncer"}
    settings = {name: value for name, value in query.items() if name not in {*known, *_STATEMENT_CACHES}}
    options["server_settings"] = {"application_name": "llmforge", **settings}
    plain = f"postgresql+asyncpg://{parts.netloc}{parts.path}" + (f"?{urlencode(where)}" if where else "")
    return DatabaseAddress(plain, options, pooled)


def _seconds(query: dict[str, str], name: str) -> float | None:
    """Return an option in seconds; ``None`` if it is missing, or 0 for no limit of its own."""
    try:
        return max(0.0, float(query.get(name, "0"))) or None
    except ValueError:
        raise DatabaseUrlError(f"{name} of DATABASE_URL must be a number of seconds.") from None


def _whole(query: dict[str, str], name: str) -> int:
    try:
        return max(0, int(query[name]))
    except ValueError:
        raise DatabaseUrlError(f"{name} of DATABASE_URL must be a whole number.") from None


def _flag(query: dict[str, str], name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise DatabaseUrlError(f"{name} of DATABASE_URL must be true or false.")
    return value in {"true", "1"}


def _tls(query: dict[str, str]) -> ssl.SSLContext | str | None:
    """Return what asyncpg is to do about TLS; ``None`` leaves it to asyncpg, which tries it first.

    As with libpq, ``require`` encrypts without a look at the certificate, unless there is a file of
    authorities. Other than with libpq, ``verify-full`` without such a file trusts those of the system.
    """
    mode = query.get("sslmode") or query.get("ssl", "")
    mode = {"true": "verify-full", "false": "disable"}.get(mode, mode)
    if mode in {"", "require"} and (root := query.get("sslrootcert")):
        mode = "verify-full" if root == "system" else "verify-ca"
    if mode and mode not in _TLS_MODES:
        raise DatabaseUrlError(f"sslmode of DATABASE_URL is {mode!r}, but must be {' or '.join(_TLS_MODES)}.")
    if mode in {"", "disable", "allow", "prefer"}:
        return mode or None
    try:
        return _tls_context(mode, query)
    except (ssl.SSLError, OSError) as error:
        raise DatabaseUrlError(f"The certificates of DATABASE_URL cannot be used: {error}.") from error


def _tls_context(mode: str, query: dict[str, str]) -> ssl.SSLContext:
    authorities = _file(query, "sslrootcert", "root.crt")
    if authorities is None and mode == "require":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=authorities)
        context.check_hostname = mode == "verify-full"
    if certificate := _file(query, "sslcert", "postgresql.crt"):
        key = _file(query, "sslkey", "postgresql.key")
        context.load_cert_chain(certificate, key, query.get("sslpassword") or None)
    if revoked := _file(query, "sslcrl", "root.crl"):
        context.load_verify_locations(revoked)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    context.set_alpn_protocols(["postgresql"])
    return context


def _file(query: dict[str, str], name: str, usual: str) -> Path | None:
    """Return the file of a TLS option: as the URL has it, or the environment, or libpq's usual place."""
    named = query.get(name) or os.environ.get(f"PG{name.upper()}")
    if named == "system":
        return None
    if not named:
        file = Path.home() / ".postgresql" / usual
        return file if file.is_file() else None
    file = Path(named).expanduser()
    if not file.is_file():
        raise DatabaseUrlError(f"{name} of DATABASE_URL names no file: {named}.")
    return file
