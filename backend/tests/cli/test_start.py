"""What a command imports before it does anything: the time of each command."""

import subprocess
import sys

HEAVY = ("aiohttp", "alembic", "chromadb", "huggingface_hub", "numpy", "redis", "sqlalchemy", "torch")


def test_no_command_pays_for_what_only_some_need() -> None:
    script = f"import sys, app.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
