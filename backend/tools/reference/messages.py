"""All error messages that the code can show, read from its syntax trees."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.reference.markdown import cell, page, plain, table

APP = Path(__file__).resolve().parents[2] / "app"

GROUPS: dict[str, tuple[str, str]] = {
    "InvalidInput": (
        "Input that is refused (422)",
        "A field, file or name is wrong. Mend it, and send it again.",
    ),
    "FieldError": ("Fields that are wrong", "Stands beside its field in the form, or with the field's path."),
    "ValueError": ("Values that are refused", "Of settings, or of a field of the request."),
    "NotFound": (
        "What does not exist (404)",
        "The name or id is wrong, or it was deleted; list what there is.",
    ),
    "Conflict": ("Not in this state (409)", "Something must end, or begin, before."),
    "Forbidden": ("Not allowed (403)", "The key may only read, or the host or page is not allowed."),
    "Unauthorized": ("No key (401)", "Set `LLMFORGE_API_KEY`, or enter the key in the dashboard."),
    "TooLarge": ("Too large (413)", "Raise the limit in the settings, or split the file."),
    "TooSlow": ("Too slow (408)", "The request's body did not arrive in time; send it again."),
    "Unavailable": (
        "A part does not answer (503)",
        "`llmforge doctor` says which part; most come back by themselves.",
    ),
    "MethodNotAllowed": ("No such method (405)", "The header `Allow` names those that the path has."),
    "ExperimentFailed": (
        "Why an experiment ended as FAILED",
        "Its page and `llmforge show` give the reason. Mend it, then `llmforge resume ID`: what was answered is kept.",
    ),
    "BrokenEntry": (
        "Logs of other harnesses",
        "The import names the file and the entry; nothing was imported. Is the file complete?",
    ),
    "OwnScorerError": (
        "Scorers of your own",
        "The answer is unscored, or the file gives no scorer. Mend the file that is named.",
    ),
    "ScorerUnavailable": ("A scorer that cannot be used", "The experiment is not started."),
    "ModelUnavailable": (
        "A model that cannot be loaded",
        "The experiment is not started, or ends with the reason.",
    ),
    "NoEntailmentLabel": ("A judge that cannot be used", "Name a model that was trained for entailment."),
    "ToolError": (
        "What an assistant is told",
        "The assistant passes it on, or asks again with other arguments.",
    ),
    "ExemplarsError": ("Files of exemplars", "Mend the file that is named."),
    "WikipediaUnreachable": (
        "Wikipedia does not answer",
        "Check the network; answers that were cached still work.",
    ),
    "CatalogError": ("The model catalog (`configs/models.yaml`)", "Mend the entry that is named."),
    "UnreadableConfig": ("Configurations of other versions", "The experiment was stored by a later version."),
    "OtherVersion": ("Work of other versions", "Platforms that share a database must have the same version."),
    "ForeignJob": (
        "Jobs in the queue that are not ours",
        "Give platforms that share a Redis a `LLMFORGE_QUEUE` each.",
    ),
    "fail": ("The command line", "Exit code 1 unless the command's help says otherwise."),
    "UnusableInput": (
        "The command line and Python: ids and files",
        "Nothing was sent. Mend what is named.",
    ),
    "RequestFailed": ("The command line: requests to the platform", "The message is the platform's."),
    "BrokenStream": (
        "The command line: following an experiment",
        "The experiment goes on; `llmforge show ID`.",
    ),
    "ProcessError": (
        "Starting the platform",
        "`llmforge up` and all commands that start one. Logs: `LLMFORGE_HOME/logs`.",
    ),
    "SystemExit": ("Settings that stop the start", "Change the setting that is named."),
    "DatabaseUrlError": ("`DATABASE_URL`", "Mend the address."),
    "BadRedisUrl": ("`REDIS_URL`", "Mend the address."),
    "BrokenBundle": ("Verifying bundles", "Nothing of the bundle was read further."),
    "BackupError": ("Backing up, restoring, moving", "Nothing was changed unless the message says so."),
    "UpgradeFailed": ("Upgrades", "The database is as it was; the message says where the backup is."),
    "SchemaIsNewer": (
        "A database of a later version",
        "Use that version, or restore the backup of before the upgrade.",
    ),
    "TooFewUnits": ("Statistics", "More questions are needed."),
}
"""Errors that people meet: heading, and what is so for all of them."""

NOT_SHOWN = frozenset(
    {
        "ActionNotFound",  # for an agent's parser
        "ModelRetry",  # for the model
        "ToolFailed",  # for the model
        "Exit",  # the command line ends after what it has printed
        "EngineError",  # its kind is shown: see the failure kinds
        "HTTPException",  # becomes NotFound
        "PydanticCustomError",
        "PydanticKnownError",
        "KeyError",
        "LookupError",
        "RuntimeError",  # a defect of ours
        "TypeError",
        "FileNotFoundError",
        "AssertionError",
        "NotImplementedError",
        "TimeoutError",
        "StopAsyncIteration",
    }
)
"""Errors that are handled where they are raised, or that are defects of ours."""

_VALUES_SHOWN_OF = ("schemas/", "core/", "domain/")
_ABOUT = """\
Every error message that is written in the code, with what it says to do. `…` stands for what differs from case to
case. Look a message up with the search (press `/` or `s`); [troubleshooting](../troubleshooting.md) explains codes,
kinds of failure and symptoms. Messages of a provider are passed on as they are, with keys masked."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message in the code."""

    error: str
    message: str
    hint: str


def raised() -> dict[str, set[str]]:
    """Return the names of the errors that the code raises by calling them, and the files that do."""
    names: dict[str, set[str]] = defaultdict(set)
    for file, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = _name(node.exc)
                if name[:1].isupper() or name == "fail":
                    names[name].add(file)
    return names


def found() -> list[Found]:
    """Return all messages of the groups, those of one group in alphabetical order."""
    seen = set()
    for file, tree in _trees():
        meanings = _meanings(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or _name(node) not in GROUPS:
                continue
            name = _name(node)
            if name == "ValueError" and not file.startswith(_VALUES_SHOWN_OF):
                continue
            arguments = node.args[1:] if name in {"BrokenEntry", "FieldError"} else node.args
            hint = next((each.value for each in node.keywords if each.arg == "hint"), None)
            if name == "fail" and len(arguments) > 1:
                hint = arguments[1]
            for text in _texts(arguments[0], meanings) if arguments else ():
                seen.add(Found(name, text, " / ".join(_texts(hint, meanings)) if hint else ""))
    return sorted(seen, key=lambda each: (each.error, each.message.lower(), each.hint))


def messages() -> str:
    """Return the page."""
    by_error: dict[str, list[Found]] = defaultdict(list)
    for each in found():
        by_error[each.error].append(each)
    return page("Messages", _ABOUT, (_section(name, by_error[name]) for name in GROUPS if by_error[name]))


def _section(name: str, all_of_it: list[Found]) -> str:
    title, about = GROUPS[name]
    rows = [[cell(plain(each.message)), cell(plain(each.hint))] for each in all_of_it]
    return f"## {title}\n\n{about}\n\n{table(['message', 'what it says to do'], rows)}"


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(APP.rglob("*.py")):
        yield file.relative_to(APP).as_posix(), ast.parse(file.read_text(encoding="utf-8"))


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        # Readers of files collect their errors: each becomes a FieldError of its place.
        collects = function.attr == "add" and getattr(function.value, "id", "") == "report"
        return "FieldError" if collects else function.attr
    return getattr(function, "id", "")


def _meanings(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """Return what the names of a file stand for: what functions return, and what variables are set to."""
    meanings: dict[str, list[ast.expr]] = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            returns = (each for each in ast.walk(node) if isinstance(each, ast.Return))
            meanings[node.name] += [each.value for each in returns if each.value is not None]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    meanings[target.id].append(node.value)
    return meanings


def _texts(node: ast.expr, meanings: Mapping[str, Sequence[ast.expr]]) -> list[str]:
    """Return what an expression may say: one text, or several of a choice; none if it is not written there."""
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, meanings), *_texts(node.orelse, meanings)]
    name = _name(node) if isinstance(node, ast.Call) else getattr(node, "id", "")
    if name in meanings:
        # Without the file's names: a function that calls itself would never end.
        return [text for value in meanings[name] for text in _texts(value, {})]
    text = _text(node)
    return [text] if any(character.isalpha() for character in text) else []


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left) + _text(node.right)
    return "…"
