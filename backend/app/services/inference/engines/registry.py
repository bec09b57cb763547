"""All engines by name. To add one, write its ``Connector`` and list it here: see ``docs/extending.md``."""

from app.services.inference.engines.connector import Connector
from app.services.inference.engines.hf_api import HFAPIConnector
from app.services.inference.engines.local import LocalConnector
from app.services.inference.engines.mock import MockConnector
from app.services.inference.engines.openai_compatible import OpenAIConnector

ENGINES: dict[str, type[Connector]] = {
    "openai": OpenAIConnector,
    "huggingface": HFAPIConnector,
    "local": LocalConnector,
    "mock": MockConnector,
}
"""How models are opened, by the ``engine`` of their provider in ``configs/models.yaml``."""
