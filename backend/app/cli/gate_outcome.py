"""What a gate decided, and the files of it: JUnit XML for CI servers, Markdown for comments."""

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.client import fail, say
from app.core.visible import visible
from app.domain.json import JsonObject
from app.services.evaluation.statistics.noninferiority import Decision

EXIT = {Decision.PASS: 0, Decision.FAIL: 1, Decision.CANNOT_TELL: 2}


@dataclass(frozen=True, slots=True)
class GateCase:
    """One decision as a test of a CI server.

    Attributes:
        name: of the test.
        decision: that was taken.
        message: in short.
        text: all that is known.
        counts: whether it can fail the gate; if not, it is shown as passed, with what was found.
    """

    name: str
    decision: Decision
    message: str
    text: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """The decision of a gate in all its forms.

    Attributes:
        first_line: the decision as one line.
        text: for a terminal.
        markdown: below the first line.
        cases: for a CI server.
        for_programs: as JSON.
    """

    decision: Decision
    first_line: str
    text: str
    markdown: str
    cases: Sequence[GateCase]
    for_programs: JsonObject


def junit_xml(cases: Sequence[GateCase]) -> str:
    """Return JUnit XML: what fails is a failure, what is not decided an error."""

    def count(decision: Decision) -> str:
        return str(sum(one.counts and one.decision is decision for one in cases))

    suite = ET.Element(
        "testsuite",
        name="llmforge gate",
        tests=str(len(cases)),
        failures=count(Decision.FAIL),
        errors=count(Decision.CANNOT_TELL),
    )
    for one in cases:
        case = ET.SubElement(suite, "testcase", classname="llmforge.gate", name=visible(one.name))
        if one.counts and one.decision is not Decision.PASS:
            kind = "failure" if one.decision is Decision.FAIL else "error"
            ET.SubElement(case, kind, message=visible(one.message)).text = visible(one.text)
        else:
            ET.SubElement(case, "system-out").text = visible(one.text)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file, and say so.

    Raises:
        typer.Exit: if it cannot be written.
    """
    try:
        path.write_text(text)
    except OSError as error:
        raise fail(f"Cannot write {path}: {error.strerror}.", code=2) from error
    say(f"wrote {path}")
