"""Answers methods that a path does not have, before the router sees them.

The router knows a path by each of its routes alone. It would name the methods of one of them, and take
``DELETE /experiments/facets`` for the deletion of an experiment that is called facets.
"""

import re
from collections import defaultdict
from functools import cached_property

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.errors import error_response
from app.core.errors import MethodNotAllowed


class MethodsMiddleware:
    """Refuses a method that the request's path does not have; the answer names those that it has.

    Args:
        app: what answers the others.
        routes_of: the application with the routes; they are read at the first request.
    """

    def __init__(self, app: ASGIApp, routes_of: FastAPI) -> None:
        self._app = app
        self._routes_of = routes_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it with an error."""
        allowed = self._methods(scope["path"]) if scope["type"] == "http" else None
        if allowed is None or scope["method"] in allowed:
            await self._app(scope, receive, send)
            return
        listed = ", ".join(sorted(allowed))
        error = MethodNotAllowed(f"This path has no method {scope['method'][:20]}.", hint=f"It has {listed}.")
        await error_response(error, {"allow": listed})(scope, receive, send)

    @cached_property
    def _paths(self) -> tuple[dict[str, set[str]], list[tuple[re.Pattern[str], set[str]]]]:
        """The methods of paths without parameters, by path, and those of the others, by pattern."""
        methods: dict[str, set[str]] = defaultdict(set)
        for route in iter_route_contexts(self._routes_of.routes):
            if route.path:
                methods[route.path] |= set(route.methods or ())
        literal = {path: allowed for path, allowed in methods.items() if "{" not in path}
        patterns = [(compile_path(path)[0], allowed) for path, allowed in methods.items() if "{" in path]
        return literal, patterns

    def _methods(self, path: str) -> set[str] | None:
        """Return the methods of a path; ``None`` if it is none of the routes'."""
        literal, patterns = self._paths
        if path in literal:
            return literal[path]
        return next((allowed for pattern, allowed in patterns if pattern.match(path)), None)
