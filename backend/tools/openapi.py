"""Prints the API's OpenAPI document, from which the dashboard's types are made.

``python -m tools.openapi > ../frontend/src/lib/api/openapi.json``; a test holds the file to it.
"""

import json
import sys

from app.core.config import Settings
from app.main import create_app


def document() -> str:
    """Return the document as JSON, the same for the same code."""
    spec = create_app(Settings(_env_file=None)).openapi()
    spec["info"]["version"] = "0"  # the code's version moves with each commit, the types do not
    return json.dumps(spec, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
