"""The dashboard's types are made from the API as it is."""

from app.core.config import PROJECT_ROOT
from tools.openapi import document


def test_the_dashboards_copy_is_up_to_date() -> None:
    stored = (PROJECT_ROOT / "frontend" / "src" / "lib" / "api" / "openapi.json").read_text()
    assert stored == document(), "The API has changed: run `make api-types` and commit the result."
