"""Wikipedia as a tool: the first paragraph of an article."""

from app.domain.json import JsonObject
from app.services.agent.tools.base import ModelRetry, Parameter, Tool, ToolFailed, ToolOutput
from app.services.wikipedia.client import Missing, WikipediaClient, WikipediaUnreachable

_MAX_TITLE = 100  # characters of a missing title in the message about it


class WikipediaTool(Tool):
    """Looks up articles by title; for a title that does not exist it lists similar ones.

    Args:
        client: open; the caller closes it.
    """

    name = "wikipedia_search"
    description = "Gives the first paragraph of the Wikipedia article with a title."
    parameters = (Parameter("query", "the title of an article, such as Ada Lovelace"),)
    example = "wikipedia_search[Ada Lovelace]"
    timeout_s = 60.0  # usually the client's own retries end earlier, with a better message

    def __init__(self, client: WikipediaClient | None) -> None:
        self._client = client

    async def run(self, arguments: JsonObject) -> ToolOutput:
        """Return the first paragraph of the article, after its actual title."""
        if self._client is None:
            raise RuntimeError("the tool was built without a client")
        try:
            found = await self._client.summary(arguments["query"])
        except WikipediaUnreachable as error:
            raise ToolFailed(
                f"Wikipedia cannot be reached, so {self.name} must not be used again. Go on without it."
            ) from error
        if isinstance(found, Missing):
            raise ModelRetry(_miss(found))
        return ToolOutput(f"{found.title}: {found.text}")


def _miss(missing: Missing) -> str:
    title = missing.title
    shown = title if len(title) <= _MAX_TITLE else title[:_MAX_TITLE] + "…"
    if not missing.nearest:
        return f"There is no article “{shown}”, and none comes near."
    return f"There is no article “{shown}”. Nearest titles: {'; '.join(missing.nearest)}."
