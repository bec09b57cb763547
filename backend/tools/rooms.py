"""The rooms of the backend and their imports, drawn as a Mermaid diagram: ``python -m tools.rooms``.

Rooms and layers are read from the contract in ``pyproject.toml``, the arrows from the code. An arrow
that other arrows imply is left out. The diagram stands in ``docs/architecture.md``; with ``--write`` it
is written there, and a test fails when it is stale.
"""

import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import grimp

BACKEND = Path(__file__).resolve().parents[1]
PAGE = BACKEND.parent / "docs" / "architecture.md"
_BLOCK = re.compile(r"(?<=```mermaid\n).*?(?=```)", re.DOTALL)

Arrows = Mapping[str, frozenset[str]]


def layers() -> list[list[str]]:
    """Return the modules of the layers contract, from top to bottom."""
    settings = tomllib.loads((BACKEND / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = (one["layers"] for one in contracts if one["type"] == "layers")
    return [re.split(r" [|:] ", layer) for layer in found]


def arrows(rooms: Sequence[str]) -> Arrows:
    """Return which other rooms each room imports, without those that are implied."""
    graph = grimp.build_graph("app", "llmforge", cache_dir=None)
    for room in rooms:
        if graph.find_children(room):
            graph.squash_module(room)
    direct = {
        room: frozenset(graph.find_modules_directly_imported_by(room)).intersection(rooms) - {room}
        for room in rooms
    }

    def reached(start: str) -> frozenset[str]:
        below = direct[start]
        return below.union(*(reached(one) for one in below))

    return {
        room: frozenset(one for one in below if not any(one in reached(other) for other in below - {one}))
        for room, below in direct.items()
    }


def diagram() -> str:
    """Return the Mermaid source."""
    rows = layers()
    lines = ["flowchart TD"]
    for number, row in enumerate(rows):
        names = "; ".join(
            f"{_id(room)}[{room.removeprefix('app.').removeprefix('services.')}]" for room in row
        )
        lines.append(f"  subgraph L{number} [ ]\n    direction LR\n    {names}\n  end")
    found = arrows([room for row in rows for room in row])
    lines += [f"  {_id(room)} --> {_id(below)}" for room in found for below in sorted(found[room])]
    return "\n".join(lines) + "\n"


def _id(room: str) -> str:
    return room.replace(".", "_")


def main(arguments: Sequence[str] = ()) -> int:
    """Print the diagram, or write it into the page."""
    text = diagram()
    if "--write" in arguments:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(_BLOCK.sub(lambda _: text, page, count=1), encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
