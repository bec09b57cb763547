"""Conventions that no linter knows, checked on the syntax tree: ``python -m tools.conventions``.

- Services own transactions: ``.commit(`` and ``.rollback(`` only in ``app/services`` (and in the
  migrations).
- SQL lives in repositories: SQLAlchemy's ``select``, ``insert``, ``update`` and ``delete`` are
  called only in files named ``*repository.py``.
- Modules, classes and public functions are named in the words of ``docs/glossary.md``: none of
  those that it lists as not used.
- A file has at most 400 lines, a function at most 60.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[1]
GLOSSARY = BACKEND.parent / "docs" / "glossary.md"
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

ALLOWED: frozenset[str] = frozenset()
"""What breaks a cap, as ``path`` or ``path::function``: this list may only shrink."""

_CAPPED = ("app", "llmforge", "tests", "benchmarks", "tools")
_TRANSACTIONS = frozenset({"commit", "rollback"})
_STATEMENTS = frozenset({"select", "insert", "update", "delete"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule; ``key`` names it in the allow-list, if it may be there."""

    path: str
    line: int
    message: str
    key: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check(path: str, source: str) -> list[Finding]:
    """Return what is wrong with one file; ``path`` is relative to the backend."""
    tree = ast.parse(source, path)
    findings = [*_caps(path, source, tree)]
    if path.startswith(("app/", "llmforge/")):
        findings += [*_transactions(path, tree), *_sql(path, tree), *_vocabulary(path, tree)]
    return findings


@lru_cache(maxsize=1)
def unused_words() -> dict[str, str]:
    """Return the words that the glossary lists as not used, and what to say in their place."""
    _, _, section = GLOSSARY.read_text(encoding="utf-8").partition("\n## Words not used\n")
    rows = re.findall(r"^\| ([a-z, ]+) \| ([^|]+) \|$", section, re.MULTILINE)
    words = {word: instead for row, instead in rows for word in row.split(", ") if row != "not"}
    if not words:
        raise LookupError(f"{GLOSSARY} lists no words as not used")
    return words


def _vocabulary(path: str, tree: ast.Module) -> Iterator[Finding]:
    names = [(1, Path(path).stem)]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.append((node.lineno, node.name))
    for line, name in names:
        if name.startswith("_"):
            continue
        for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name):
            instead = unused_words().get(word.lower())
            if instead is not None:
                message = f"{name}: the glossary says {instead.strip()}, not {word.lower()}"
                yield Finding(path, line, message)


def _transactions(path: str, tree: ast.Module) -> Iterator[Finding]:
    if path.startswith("app/services/") or path == "app/core/migrations.py":
        return
    for call in _calls(tree):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _TRANSACTIONS:
            yield Finding(path, call.lineno, f".{call.func.attr}( outside services, which own transactions")


def _sql(path: str, tree: ast.Module) -> Iterator[Finding]:
    if path.endswith("repository.py"):
        return
    functions, modules = _sqlalchemy_names(tree)
    for call in _calls(tree):
        match call.func:
            case ast.Name(id=name) if name in functions:
                statement = functions[name]
            case ast.Attribute(value=base, attr=name) if name in _STATEMENTS and _root(base) in modules:
                statement = name
            case _:
                continue
        yield Finding(path, call.lineno, f"{statement}( outside of a file named *repository.py")


def _sqlalchemy_names(tree: ast.Module) -> tuple[dict[str, str], set[str]]:
    """Return the local names of the statements, and of the modules that have them."""
    functions: dict[str, str] = {}
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias for alias in node.names if alias.name.split(".")[0] == "sqlalchemy"]
            modules |= {alias.asname or "sqlalchemy" for alias in found}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            for alias in node.names:
                if alias.name in _STATEMENTS:
                    functions[alias.asname or alias.name] = alias.name
                else:
                    modules.add(alias.asname or alias.name)
    return functions, modules


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _caps(path: str, source: str, tree: ast.Module) -> Iterator[Finding]:
    lines = len(source.splitlines())
    if lines > MAX_FILE_LINES:
        yield Finding(path, lines, f"{lines} lines; a file has {MAX_FILE_LINES} at most", path)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines = (node.end_lineno or first) - first + 1
            if lines > MAX_FUNCTION_LINES:
                message = f"{node.name} has {lines} lines; a function has {MAX_FUNCTION_LINES} at most"
                yield Finding(path, first, message, f"{path}::{node.name}")


def check_tree(root: Path, allowed: frozenset[str] = ALLOWED) -> list[Finding]:
    """Return what is wrong under ``root``, entries of the allow-list without a cause included."""
    findings = [
        finding
        for folder in _CAPPED
        for file in sorted((root / folder).rglob("*.py"))
        for finding in check(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))
    ]
    stale = allowed - {finding.key for finding in findings}
    return [finding for finding in findings if finding.key not in allowed] + [
        Finding("tools/conventions.py", 1, f"ALLOWED names {key}, which breaks no cap: take it out")
        for key in sorted(stale)
    ]


def main(arguments: Sequence[str] = ()) -> int:
    """Print what is wrong under the folder given (this backend by default); 1 if anything is."""
    findings = check_tree(Path(arguments[0]) if arguments else BACKEND)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"Conventions: {len(findings) or 'nothing'} to mend.\n")
    return 1 if findings else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
