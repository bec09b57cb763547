"""What ends the API at its start is said in one sentence, instead of a traceback."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.errors import AppError
from app.services.inference.catalog import CatalogError


class StartErrorsMiddleware:
    """Tells the server why the application cannot start; errors that are defects keep their traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; replace the message of a start that fails."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        failed: Message | None = None

        async def send_later(message: Message) -> None:
            nonlocal failed
            if message["type"] == "lifespan.startup.failed":
                failed = message  # the error itself follows
            else:
                await send(message)

        try:
            await self._app(scope, receive, send_later)
        except (AppError, CatalogError) as error:
            message = f"error: {error.message} {error.hint}".strip()
            await send({"type": "lifespan.startup.failed", "message": message})
        except BaseException:
            if failed is not None:
                await send(failed)
            raise
