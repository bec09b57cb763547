"""All settings, from ``.env.example``, which a test holds to the code."""

import re
from pathlib import Path

from tools.reference.markdown import cell, code, page, plain, table

ROOT = Path(__file__).resolve().parents[3]
_SECTION = re.compile(r"^# --- (.+?) -+$", re.MULTILINE)
_VARIABLE = re.compile(r"^#?([A-Z][A-Z0-9_]*)=(.*)$")
_ABOUT = """\
Settings are environment variables, or lines of a file `.env` in the project's folder; the environment takes
precedence. [`.env.example`](#where-they-stand) lists the same, to be copied."""
_END = """\
## Where they stand

```console
$ cp .env.example .env         # then change what you need; empty lines stand for defaults
```

Keys of providers are read from the variable that the model catalog (`configs/models.yaml`) names, so a provider
that you add may have any. Start the platform again after a change.
"""


def settings() -> str:
    """Return the page."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    parts = _SECTION.split(text)[1:]
    sections = [_section(name, body) for name, body in zip(parts[::2], parts[1::2], strict=True)]
    return page("Settings", _ABOUT, [*sections, _END])


def _section(name: str, body: str) -> str:
    rows = []
    for block in re.split(r"\n\s*\n", body.strip()):
        lines = block.splitlines()
        variables = [found for line in lines if (found := _VARIABLE.match(line))]
        about = " ".join(line.lstrip("# ") for line in lines if not _VARIABLE.match(line))
        for number, found in enumerate(variables):
            said = cell(plain(about)) if number == 0 else f"as {code(variables[0][1])}: see there"
            rows.append([code(found[1]), code(found[2]), said])
    return f"## {name}\n\n{table(['variable', 'default', 'meaning'], rows)}"
