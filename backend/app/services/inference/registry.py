"""From a model's name to an engine, or to a message that says what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.domain.hashing import content_hash
from app.services.inference.base import Engine
from app.services.inference.catalog import Catalog, CatalogError, ModelSpec
from app.services.inference.engines.connector import USABLE, Connector, LocalServerOptions, ModelStatus
from app.services.inference.engines.registry import ENGINES


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """An engine that is ready for calls, and what is known of its model.

    Attributes:
        engine: answers for the model; closed by whoever opened it.
        spec: the model, as the catalog describes it.
        fingerprint: hash of everything known that decides how the model answers.
        max_concurrency: requests that it can answer at the same time; ``None`` if no bound is known.
        window: context window in tokens, prompt and answer together; ``None`` if unknown.
    """

    engine: Engine
    spec: ModelSpec
    fingerprint: str
    max_concurrency: int | None = None
    window: int | None = None


class ModelRegistry:
    """Opens the models of a catalog.

    Args:
        catalog: providers and models.
        env: environment variables; keys and base URLs are read from here alone.
        root: folder that relative paths of model files start from.
        local: how model servers on this machine are run.
    """

    def __init__(
        self, catalog: Catalog, env: Mapping[str, str], root: Path, local: LocalServerOptions
    ) -> None:
        self.catalog = catalog
        self._env = env
        self._root = root
        self._local = local

    def connector(self, name: str, *, prefix_cache: bool = False) -> Connector:
        """Return what the model's engine tells about it.

        Args:
            name: catalog name, ``provider/model``.
            prefix_cache: whether a server on this machine may reuse the beginning of an earlier prompt.

        Raises:
            CatalogError: if the catalog has no such model.
        """
        provider, spec = self.catalog.find(name)
        connector = ENGINES[provider.engine](provider, spec, self._env, self._root, self._local)
        return connector.with_prefix_cache() if prefix_cache else connector

    def status(self, name: str) -> ModelStatus:
        """Return whether ``name`` can be used now, as far as that is known without asking anyone.

        Raises:
            CatalogError: if the catalog has no such model.
        """
        return self.connector(name).status()

    def require(self, name: str) -> None:
        """Raise unless ``name`` can be used now.

        Raises:
            CatalogError: naming the variable or the file that is missing.
        """
        status = self.status(name)
        if status.state not in USABLE:
            raise CatalogError(status.message)

    def fingerprint(self, name: str, *, prefix_cache: bool = False) -> str:
        """Return the model's fingerprint; reads a local model's file once.

        Args:
            name: catalog name, ``provider/model``.
            prefix_cache: see ``connector``.

        Raises:
            CatalogError: if the model is unknown, its file is missing, or its address is not one.
        """
        connector = self.connector(name, prefix_cache=prefix_cache)
        provider, spec = connector.provider, connector.model
        return content_hash(
            {
                "id": spec.remote_id,
                "api": spec.api,
                "engine": provider.engine,
                "base_url": connector.base_url(),
                "extra_body": provider.extra_body,
                **connector.fingerprint_parts(),
            }
        )

    def endpoint(self, name: str) -> tuple[str, str | None] | None:
        """Return base URL and key of the HTTP endpoint that answers for ``name``, if it has one.

        Raises:
            CatalogError: if the model is unknown, or its address is missing or is not one.
        """
        return self.connector(name).endpoint()

    def has_batch_api(self, name: str) -> bool:
        """Return whether batch jobs can make calls of ``name``.

        Raises:
            CatalogError: if the model is unknown.
        """
        return self.connector(name).takes_batches

    def needs_answers(self, name: str) -> bool:
        """Return whether ``open`` must be given the gold answers: only a mock that answers correctly.

        Raises:
            CatalogError: if the model is unknown.
        """
        return self.connector(name).needs_answers

    async def open(
        self,
        name: str,
        timeout_s: float,
        answers: Mapping[str, str] | None = None,
        *,
        prefix_cache: bool = False,
    ) -> OpenedModel:
        """Return an engine for ``name``.

        Args:
            name: catalog name, ``provider/model``.
            timeout_s: of one call, seconds.
            answers: gold answers by question, for models that need them (see ``needs_answers``).
            prefix_cache: see ``connector``; the cache is empty at first.

        Raises:
            CatalogError: if the model is unknown, or its key, address or file is missing or broken.
        """
        self.require(name)
        connector = self.connector(name, prefix_cache=prefix_cache)
        fingerprint = self.fingerprint(name, prefix_cache=prefix_cache)
        engine = await connector.open(timeout_s, answers)
        return OpenedModel(engine, connector.model, fingerprint, connector.max_concurrency, connector.window)


def secrets_of(catalog: Catalog, env: Mapping[str, str]) -> list[str]:
    """Return the values of all keys that the catalog's providers use, for masking."""
    keys = (provider.resolve_key(env) for provider in catalog.providers.values())
    return [key for key in keys if key]
