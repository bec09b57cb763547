"""The model catalog as data: providers and models.

What differs between providers stands in ``configs/models.yaml``; no code asks for a provider by name.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.core.packages import package_folder
from app.domain.json import JsonObject

_PACKAGE_PREFIX = "package:"

Feature = Literal["tools", "json_schema", "grammar"]
"""Optional abilities of a provider: tool calls, decoding by a JSON schema, by a GBNF grammar."""


Spellings = dict[str, str | None]
"""Names of parameters (and the role of system messages) at a provider; ``None``: it does not take it."""


BatchApiName = Literal["openai"]
"""Asynchronous batch APIs that can be used: OpenAI's, of files and batches, which some providers copy."""


class CatalogError(Exception):
    """The catalog, or a model in it, cannot be used; ``hint`` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_PER = 1e6  # tokens that prices are for


class Price(_Strict):
    """US dollars per million tokens.

    Attributes:
        input: of the prompt.
        output: generated, thinking included.
        cached_input: of the part of the prompt that the provider had in its prompt cache; ``None``: as input.
        cache_write: of the part that it put into it; ``None``: as input.
    """

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)
    cache_write: float | None = Field(default=None, ge=0)

    def cost(self, prompt: float, completion: float, cache_read: float = 0, cache_write: float = 0) -> float:
        """Return what tokens cost, in US dollars.

        Args:
            prompt: tokens of prompts, those of the provider's prompt cache included.
            completion: tokens of answers, thinking included, which providers charge alike.
            cache_read: the part of the prompt that the provider had in its prompt cache.
            cache_write: the part that it put into it.
        """
        cost = prompt * self.input + completion * self.output
        if self.cached_input is not None:
            cost += cache_read * (self.cached_input - self.input)
        if self.cache_write is not None:
            cost += cache_write * (self.cache_write - self.input)
        return cost / _PER

    def less(self, share: float) -> "Price":
        """Return the price after a discount; ``share``: what is taken off, from 0 to 1."""
        kept = 1 - share
        return Price(**{name: value * kept for name, value in self.model_dump().items() if value is not None})


class ProviderSpec(_Strict):
    """How one provider is reached; ``configs/models.yaml`` explains the fields."""

    engine: str
    label: str = ""
    base_url: str | None = None
    base_url_env: str | None = None
    url_path: str = ""
    api_key_env: str | None = None
    key_required: bool = True
    open: bool = False
    fields: Spellings = {}
    by_model: dict[str, Spellings] = {}
    extra_body: JsonObject = {}
    features: tuple[Feature, ...] = ()
    headers: dict[str, str] = {}
    key_headers: tuple[str, ...] = ()
    models_url: str | None = None
    inference_provider: str = "auto"
    prompt_lists: bool = True
    batch_api: BatchApiName | None = None
    batch_discount: float = Field(default=0.0, ge=0, le=1)

    def resolve_base_url(self, env: Mapping[str, str]) -> str | None:
        """Return the base URL: that of the variable if it is set, otherwise that of the catalog."""
        set_url = env.get(self.base_url_env, "").strip() if self.base_url_env else ""
        url = set_url or self.base_url
        if not url:
            return None
        url = url.rstrip("/")
        return url if url.endswith(self.url_path) else url + self.url_path

    def headers_with(self, key: str | None) -> dict[str, str]:
        """Return the headers of every request: who asks, the key, and what the provider wants beside."""
        headers = {"user-agent": "llmforge", **self.headers}
        if key:
            headers |= {"authorization": f"Bearer {key}", **dict.fromkeys(self.key_headers, key)}
        return headers

    def resolve_key(self, env: Mapping[str, str]) -> str | None:
        """Return the key, or ``None`` if its variable is not set."""
        return (self.api_key_env and env.get(self.api_key_env, "").strip()) or None


class ModelSpec(_Strict):
    """One model."""

    name: str = Field(pattern=r"^[^/\s]+/\S+$")
    id: str | None = None
    api: Literal["chat", "completion"] = "chat"
    context_window: int | None = Field(default=None, gt=0)
    usd_per_1m: Price | None = None
    parameters: float | None = Field(default=None, gt=0)
    fields: Spellings = {}
    path: str | None = None
    description: str = ""
    batch_api: BatchApiName | Literal["none"] | None = None
    batch_discount: float | None = Field(default=None, ge=0, le=1)

    @property
    def provider(self) -> str:
        """The part before the first slash."""
        return self.name.partition("/")[0]

    @property
    def remote_id(self) -> str:
        """The model's name at the provider."""
        return self.id or self.name.partition("/")[2]


class Catalog(_Strict):
    """All providers and models."""

    providers: dict[str, ProviderSpec]
    models: list[ModelSpec]

    def find(self, name: str) -> tuple[ProviderSpec, ModelSpec]:
        """Return the provider and the model called ``name``.

        Raises:
            CatalogError: if either is unknown; the hint lists the known ones.
        """
        provider_name, _, model_id = name.partition("/")
        provider = self.providers.get(provider_name)
        if provider is None or not model_id:
            raise CatalogError(
                f"Unknown model {name!r}: a model is named provider/model.",
                f"Providers: {', '.join(sorted(self.providers))}.",
            )
        for model in self.models:
            if model.name == name:
                return provider, model
        if provider.open:
            if any(character.isspace() for character in name):
                raise CatalogError(f"Unknown model {name!r}: a name holds no spaces.")
            return provider, ModelSpec(name=name)
        known = ", ".join(model.name for model in self.models if model.provider == provider_name)
        raise CatalogError(f"Unknown model {name!r}.", f"Models of {provider_name}: {known or 'none'}.")


def spellings_of(provider: ProviderSpec, model: ModelSpec) -> Spellings:
    """Return how a model's parameters are spelled: by the provider, for such models, and for this one."""
    found = dict(provider.fields)
    for pattern, fields in provider.by_model.items():
        if fnmatchcase(model.remote_id.casefold(), pattern.casefold()):
            found |= fields
    return found | model.fields


def batch_api_of(provider: ProviderSpec, model: ModelSpec) -> BatchApiName | None:
    """Return the batch API that takes a model's calls: as the model says, or its provider."""
    chosen = model.batch_api or provider.batch_api
    return None if chosen == "none" else chosen


def batch_discount_of(provider: ProviderSpec, model: ModelSpec) -> float:
    """Return what a model's calls cost less in batch jobs, as a share of the price."""
    return provider.batch_discount if model.batch_discount is None else model.batch_discount


def resolve_model_path(spec: ModelSpec, root: Path) -> Path:
    """Return the GGUF file of a local model.

    Raises:
        CatalogError: naming the file, if it does not exist.
    """
    if spec.path is None:
        raise CatalogError(f"Model {spec.name} has no path.", "Give it one in the model catalog.")
    if spec.path.startswith(_PACKAGE_PREFIX):
        package, _, name = spec.path.removeprefix(_PACKAGE_PREFIX).partition("/")
        folder = package_folder(package)
        if folder is None:
            raise CatalogError(
                f"The package {package}, which carries {spec.name}, is not installed.",
                "Run `make setup`.",
            )
        path = folder / name
    else:
        path = (root / Path(spec.path).expanduser()).absolute()
    if not path.is_file():
        raise CatalogError(f"The model file {path} of {spec.name} does not exist.")
    return path
