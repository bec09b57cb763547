"""The changes that ``docs/extending.md`` describes, read from the page."""

import re
from dataclasses import dataclass
from pathlib import Path

from app.core.config import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
# A line with nothing but a path, and the blocks after it, which change that file.
_PART = re.compile(
    r"^`(?P<path>[\w./-]+)`$|^```(?P<kind>python|diff)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Change:
    """A file that a section of the page adds, or a diff of one that is there."""

    path: str
    kind: str
    text: str

    def apply(self, root: Path) -> None:
        """Make the change under ``root``."""
        file = root / self.path
        if self.kind != "diff":
            assert not file.exists(), f"{self.path} is there already"
            file.write_text(self.text, encoding="utf-8")
            return
        lines = self.text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        content = file.read_text(encoding="utf-8")
        assert content.count(before) == 1, f"{self.path} has not exactly one place like:\n{before}"
        file.write_text(content.replace(before, after), encoding="utf-8")


def sections() -> dict[str, list[Change]]:
    """Return the changes of each section of the page, by its heading."""
    found: dict[str, list[Change]] = {}
    for section in PAGE.split("\n## ")[1:]:
        path = ""
        changes = found.setdefault(section.partition("\n")[0], [])
        for part in _PART.finditer(section):
            path = part["path"] or path
            if part["text"]:
                changes.append(Change(path, part["kind"], part["text"]))
    return found
