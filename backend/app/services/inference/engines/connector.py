"""What an engine tells about a model of the catalog, and how it opens it: the one seam for new engines."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from app.core.packages import package_version
from app.services.inference.base import Engine
from app.services.inference.batch_api import BatchApi
from app.services.inference.catalog import CatalogError, ModelSpec, ProviderSpec

HEALTH_TIMEOUT_S = 10.0  # a busy machine answers late; where nobody listens, that is known at once
ModelState = Literal["ready", "not_checked", "key_missing", "address_missing", "file_missing"]
"""``not_checked``: everything is set, and whether the endpoint answers is found out by asking it."""
USABLE: frozenset[ModelState] = frozenset({"ready", "not_checked"})
"""States in which a model may be used."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model can be used now, and what to do if it cannot."""

    state: ModelState
    message: str = ""


def not_checked(status: ModelStatus) -> ModelStatus:
    """Return the status of a model behind an endpoint that nobody has asked yet."""
    return ModelStatus("not_checked") if status.state == "ready" else status


def _version() -> str:
    return package_version("xllamacpp") or "unknown"


@dataclass(frozen=True, slots=True)
class LocalServerOptions:
    """How model servers on this machine are run: see the settings ``local_*``.

    Attributes:
        state_dir: folder for the servers' addresses and logs.
        slots: requests that a server answers at the same time.
        context: tokens of each slot, prompt and answer together.
        threads: that compute; 0: one for each core that this process may use.
        health_timeout_s: seconds after which a server that has not reported its health is replaced.
        version: of the package that runs the models, which is a part of their fingerprint.
    """

    state_dir: Path
    slots: int
    context: int
    threads: int
    health_timeout_s: float = HEALTH_TIMEOUT_S
    version: str = field(default_factory=_version)


@dataclass(frozen=True, slots=True)
class Connector(ABC):
    """One model of the catalog, as its engine sees it.

    A subclass overrides what is different for its engine, and is listed in ``engines.registry``
    under the name that ``engine:`` has in ``configs/models.yaml``. Only ``open`` must be written.

    Attributes:
        provider: the model's provider, as the catalog describes it.
        model: the model, as the catalog describes it.
        env: environment variables; keys and base URLs are read from here alone.
        root: folder that relative paths of model files start from.
        local: how model servers on this machine are run.
    """

    provider: ProviderSpec
    model: ModelSpec
    env: Mapping[str, str]
    root: Path
    local: LocalServerOptions

    @property
    def key(self) -> str | None:
        """API key of the provider; ``None`` if its variable is not set."""
        return self.provider.resolve_key(self.env)

    def base_url(self) -> str | None:
        """Return the provider's base URL; ``None`` if neither the catalog nor a variable has one.

        Raises:
            CatalogError: if it is not an HTTP address.
        """
        url = self.provider.resolve_base_url(self.env)
        if url is None:
            return None
        problem, scheme = _problem_of(url, has_key=self.key is not None), url.partition(":")[0]
        if problem:
            where = self.provider.base_url_env or "base_url in the model catalog"
            raise CatalogError(f"{where} is {url!r}, which {problem}.")
        return scheme.lower() + url[len(scheme) :]

    def required_base_url(self) -> str:
        """Return the provider's base URL, for engines that cannot do without one.

        Raises:
            CatalogError: if there is none, or it is not an HTTP address.
        """
        url = self.base_url()
        if url is None:
            raise CatalogError(
                f"The provider of {self.model.name} has no address.",
                f"Set {self.provider.base_url_env or 'base_url in the model catalog'}.",
            )
        return url

    def status(self) -> ModelStatus:
        """Return whether the model can be used now, without asking anyone: is its key set?

        Raises:
            CatalogError: if there can be no such model.
        """
        if self.provider.api_key_env and self.provider.key_required and not self.key:
            return ModelStatus(
                "key_missing",
                f"{self.model.name} needs a key: set {self.provider.api_key_env} in the environment "
                "or in .env.",
            )
        if self.key and not (self.key.isascii() and self.key.isprintable()):
            return ModelStatus(
                "key_missing",
                f"The key of {self.model.name} holds characters that cannot be sent, such as a line break: "
                f"set {self.provider.api_key_env} to the key alone.",
            )
        return ModelStatus("ready")

    def fingerprint_parts(self) -> dict[str, object]:
        """Return what decides the model's answers beside its names and address, as JSON.

        Raises:
            CatalogError: if it cannot be determined.
        """
        return {}

    def endpoint(self) -> tuple[str, str | None] | None:
        """Return base URL and key of the HTTP endpoint that a check may ask; ``None`` if there is none.

        Raises:
            CatalogError: if the address is missing or is not an HTTP address.
        """
        url = self.base_url()
        return None if url is None else (url, self.key)

    @property
    def max_concurrency(self) -> int | None:
        """Requests that can be answered at the same time; ``None`` if no bound is known."""
        return None

    @property
    def window(self) -> int | None:
        """Context window in tokens, prompt and answer together; ``None`` if unknown."""
        return self.model.context_window

    @property
    def runs_here(self) -> bool:
        """Whether the model computes on this machine, from a file of its own."""
        return False

    def with_prefix_cache(self) -> Self:
        """Return the model as it answers with the prompt cache of its server, if that is ours to choose."""
        return self

    @property
    def needs_answers(self) -> bool:
        """Whether the engine must be given the dataset's gold answers (a mock that answers correctly)."""
        return False

    @property
    def takes_batches(self) -> bool:
        """Whether a batch API takes the model's calls."""
        return False

    def batch_api(self) -> BatchApi | None:
        """Return the client of the batch API that takes the model's calls; ``None`` if there is none.

        Raises:
            CatalogError: if the address is missing or is not an HTTP address.
        """
        return None

    @abstractmethod
    async def open(self, timeout_s: float, answers: Mapping[str, str] | None = None) -> Engine:
        """Return an engine that answers for the model.

        Args:
            timeout_s: of one call, seconds.
            answers: gold answers by question, for engines that need them.

        Raises:
            CatalogError: if the model's address, key or file is missing or broken.
        """


def _problem_of(url: str, *, has_key: bool) -> str:
    """Return what is wrong with a base URL; empty if it can be used."""
    if not url.lower().startswith(("http://", "https://")):
        return "does not start with http:// or https://"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a wrong port is an error only when it is read
    except ValueError as error:
        return f"is not an address ({error})"
    if not host or any(character.isspace() or not character.isprintable() for character in url):
        return "is not an address"
    if has_key and parts.username is not None:
        return "holds a user name, while a key is set, too; only one of them can be sent"
    return ""
