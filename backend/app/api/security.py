"""Access control: one ASGI middleware in front of all routes.

- Body: it is refused by its content length, once more bytes than allowed have arrived, or when it takes
  too long to arrive.
- Host: without a key, only requests to loopback names (and to those in ``LLMFORGE_ALLOWED_HOSTS``) are
  answered, which prevents DNS rebinding: a web page that points its own name at 127.0.0.1.
- Origin: without a key, a request that may change something is refused if a page of another origin sent it
  (CSRF). With one, no page can send it but one that was given the key: browsers add it to no request by
  themselves. A proxy may give the API another host name than the page has.
- Key: with ``LLMFORGE_API_KEY`` or ``LLMFORGE_API_KEYS`` set, every request needs one of them, except for the
  dashboard's files, for the description of the API, and for ``/health/live``, which tells a probe that the
  process is alive, and nothing else. What changes or costs something needs one that may write; see
  ``access.py``.

Every answer has ``X-Content-Type-Options: nosniff`` and ``Referrer-Policy: no-referrer``, and
``X-Frame-Options`` where that header can say what ``LLMFORGE_FRAME_ANCESTORS`` says.
"""

import asyncio
import hmac
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.access import needed_role
from app.api.dashboard import is_dashboard
from app.api.errors import error_response
from app.core.access import AccessKey, acting_as
from app.core.config import Settings
from app.core.errors import AppError, FieldError, Forbidden, TooLarge, TooSlow, Unauthorized
from app.core.origins import frame_ancestors_of

_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PUBLIC = frozenset({"/docs", "/health/live", "/health/live.svg"})
_FRAME_OPTIONS = {"'none'": "DENY", "'self'": "SAMEORIGIN"}
_UPLOADS = frozenset(
    f"/api/v1/{path}" for path in ("datasets", "datasets/columns", "imports", "knowledge-bases")
)
_MEGABYTE = 1_000_000
_BODY_S = 30.0
_UPLOAD_S = 900.0


class _BodyRefused(Exception):
    """The body is too large or too slow."""


class _BoundedBody:
    """Receives a request's messages: up to ``limit`` bytes of body, within ``seconds``.

    Attributes:
        error: why the body is refused, once it is.
    """

    def __init__(self, receive: Receive, limit: int, seconds: float) -> None:
        self._receive = receive
        self._limit = self._left = limit
        self._seconds = seconds
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._arrived = False
        self.error: AppError | None = None

    async def __call__(self) -> Message:
        if self._arrived:  # what else comes tells that the client has gone, whenever that is
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self.error = TooSlow(f"The request has not arrived within {self._seconds:g} s.")
            raise _BodyRefused from None
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self._arrived = not message.get("more_body", False)
            if self._left < 0:
                self.error = _too_large(self._limit)
                raise _BodyRefused
        return message


class SecurityMiddleware:
    """Refuses requests that are too large, come from another site, or lack the key."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._keys = [(one.key.encode(), one) for one in settings.access_keys]
        self._origins = settings.cors
        self._hosts = _LOOPBACK_HOSTS | set(settings.allowed_host_list)
        self._max_body = int(settings.max_body_mb * _MEGABYTE)
        self._max_upload = int(settings.max_upload_mb * _MEGABYTE)
        self._headers = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
        if (ancestors := frame_ancestors_of(settings.frame_ancestors)) in _FRAME_OPTIONS:
            self._headers["x-frame-options"] = _FRAME_OPTIONS[ancestors]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it with an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send, self._headers)
        headers = Headers(scope=scope)
        is_upload = scope["path"] in _UPLOADS
        limit = self._max_upload if is_upload else self._max_body
        caller = self._caller(headers)
        error = self._refusal(scope, headers, limit, caller)
        if error is not None:
            await error_response(error)(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        answered = False
        bounded = _BoundedBody(receive, limit, _UPLOAD_S if is_upload else _BODY_S)

        async def watched_send(message: Message) -> None:
            nonlocal answered
            # The framework answers a body that ends early with an error of its own, which is not sent.
            if answered or bounded.error is None:
                answered = True
                await send(message)

        with suppress(_BodyRefused), nullcontext() if caller is None else acting_as(caller.name):
            await self._app(scope, bounded, watched_send)
        if bounded.error is not None and not answered:
            # A slow client would keep the connection for the rest of its body.
            closing = {"connection": "close"} if isinstance(bounded.error, TooSlow) else None
            await error_response(bounded.error, closing)(scope, receive, send)

    def _refusal(
        self, scope: Scope, headers: Headers, limit: int, caller: AccessKey | None
    ) -> AppError | None:
        host = _host_name(headers.get("host", ""))
        if not self._keys and host not in self._hosts:
            return Forbidden(
                f"The host name {host!r} is not allowed.",
                hint="Use localhost, or add the name to LLMFORGE_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        changes = scope["method"] not in _SAFE_METHODS
        if not self._keys and origin and changes and not self._same_site(origin, headers):
            return Forbidden(
                f"Requests from pages of {origin} are not allowed.",
                hint="Add the origin to LLMFORGE_CORS_ORIGINS if it is your dashboard.",
            )
        # A browser's preflight request carries no key.
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        public = preflight or is_dashboard(scope) or _is_public(scope)
        if self._keys and not public and (refused := _without_right(scope, caller)):
            return refused
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            return _too_large(limit)
        return None

    def _same_site(self, origin: str, headers: Headers) -> bool:
        if origin in self._origins:
            return True
        try:
            return urlsplit(origin).netloc == headers.get("host", "")
        except ValueError:  # not a URL at all
            return False

    def _caller(self, headers: Headers) -> AccessKey | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        sent = token if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        given, found = sent.strip().encode(), None
        for key, owner in self._keys:  # all of them, so that the time does not tell which is near
            if hmac.compare_digest(given, key):
                found = owner
        return found


def _without_right(scope: Scope, caller: AccessKey | None) -> AppError | None:
    """Return why a request with this key is refused, if it is."""
    if caller is None:
        return Unauthorized(
            "The API key is missing or wrong.",
            hint="Send it as `Authorization: Bearer …` or `X-API-Key: …`.",
        )
    query = scope["query_string"].decode("latin-1")
    if caller.role == "write" or needed_role(scope["method"], _path(scope), query) == "read":
        return None
    return Forbidden(
        f"The API key {caller.name!r} may only read, and this changes or costs something.",
        hint="Use a key that may write; whoever runs the platform sets them in LLMFORGE_API_KEYS.",
    )


def _path(scope: Scope) -> str:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return "/" + path.lstrip("/")


def _is_public(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return scope["method"] == "GET" and path in _PUBLIC


def _with_headers(send: Send, added: Mapping[str, str]) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(added)
        await send(message)

    return send_with_headers


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return host


def _too_large(limit: int) -> TooLarge:
    message = f"The request is larger than {limit / _MEGABYTE:g} MB."
    return TooLarge(
        message,
        hint="Send less, or raise LLMFORGE_MAX_BODY_MB (uploads: LLMFORGE_MAX_UPLOAD_MB).",
        errors=[FieldError("body", message)],
    )
