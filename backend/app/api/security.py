"""Access control: one ASGI middleware in front of all routes.

- Body size: a body is refused by its content length, or once more bytes than allowed have arrived.
- Host: without a key, only requests to loopback names (and to those in ``LLMFORGE_ALLOWED_HOSTS``) are
  answered, which prevents DNS rebinding: a web page that points its own name at 127.0.0.1.
- Origin: a request that may change something is refused if a page of another origin sent it (CSRF).
- Key: with ``LLMFORGE_API_KEY`` set, every request needs it, except for the dashboard's files.

Every answer has ``X-Content-Type-Options: nosniff`` and ``Referrer-Policy: no-referrer``.
"""

import hmac
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.dashboard import is_dashboard
from app.api.errors import error_response
from app.core.config import Settings
from app.core.errors import AppError, FieldError, Forbidden, TooLarge, Unauthorized

_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_UPLOADS = frozenset({"/api/v1/datasets", "/api/v1/knowledge-bases"})
_MEGABYTE = 1_000_000


class _BodyTooLarge(Exception):
    """More bytes have arrived than the limit allows."""


class _BoundedBody:
    """Receives a request's messages, up to ``limit`` bytes of body."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._left = limit

    @property
    def exceeded(self) -> bool:
        return self._left < 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self.exceeded:
                raise _BodyTooLarge
        return message


class SecurityMiddleware:
    """Refuses requests that are too large, come from another site, or lack the key."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._key = settings.api_key.get_secret_value().encode()
        self._origins = frozenset(settings.cors_origin_list)
        self._hosts = _LOOPBACK_HOSTS | set(settings.allowed_host_list)
        self._max_body = int(settings.max_body_mb * _MEGABYTE)
        self._max_upload = int(settings.max_upload_mb * _MEGABYTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it with an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(send)
        headers = Headers(scope=scope)
        limit = self._max_upload if scope["path"] in _UPLOADS else self._max_body
        error = self._refusal(scope, headers, limit)
        if error is not None:
            await error_response(error)(scope, receive, send)
            return
        answered = False
        bounded = _BoundedBody(receive, limit)

        async def watched_send(message: Message) -> None:
            nonlocal answered
            # The framework answers a body that ends early with an error of its own, which is not sent.
            if answered or not bounded.exceeded:
                answered = True
                await send(message)

        with suppress(_BodyTooLarge):
            await self._app(scope, bounded, watched_send)
        if bounded.exceeded and not answered:
            await error_response(_too_large(limit))(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, limit: int) -> AppError | None:
        host = _host_name(headers.get("host", ""))
        if not self._key and host not in self._hosts:
            return Forbidden(
                f"The host name {host!r} is not allowed.",
                hint="Use localhost, or add the name to LLMFORGE_ALLOWED_HOSTS.",
            )
        origin = headers.get("origin")
        if origin and scope["method"] not in _SAFE_METHODS and not self._same_site(origin, headers):
            return Forbidden(
                f"Requests from pages of {origin} are not allowed.",
                hint="Add the origin to LLMFORGE_CORS_ORIGINS if it is your dashboard.",
            )
        # A browser's preflight request carries no key.
        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
        public = preflight or is_dashboard(scope)
        if self._key and not public and not self._has_key(headers):
            return Unauthorized(
                "The API key is missing or wrong.",
                hint="Send it as `Authorization: Bearer …` or `X-API-Key: …`.",
            )
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

    def _has_key(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        return hmac.compare_digest(given.strip().encode(), self._key)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "no-referrer"
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
