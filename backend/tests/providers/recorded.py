"""A server that answers as a provider does, by a file of recordings, and the reading of such files.

Each file is written by hand from the documentation of a provider that it names: how it answers, how it
fails, and in which odd forms. Its keys:

    model: name in the catalog; env: variables to set, with ``{root}`` for the server's address
    path: where calls must arrive; sent: parameters that they must have, null for none
    success: body of an answer, with ``{text}`` for its text
    cases: one for each question; its first calls are answered by the turns, the others by ``success``
        turns: status (200), headers, and body (JSON, or text as it is) of each
        waits_s: least seconds from the last turn to the next call
        fails: kind of the failure, instead of an answer; calls: made in all (turns and one more)
        run, call: what is stored with the run, and with its call
    ends: experiments that cannot go on: status, headers, body, and the kind and words of the reason
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import yaml

from tests.fixtures.fake_llm_behaviour import Behaviour, FakeSettings, Reply, read_prompt

FOLDER = Path(__file__).with_name("recordings")
RECORDINGS: dict[str, dict[str, Any]] = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.yaml"))
}


class Recorded(Behaviour):
    """Answers question N by the turns of case N, and then as the provider does when all is well."""

    def __init__(self, recording: Mapping[str, Any], cases: list[dict[str, Any]]) -> None:
        super().__init__(FakeSettings())
        self._recording = recording
        self._cases = cases
        self.called_at: defaultdict[int, list[float]] = defaultdict(list)
        self.paths: set[str] = set()
        self.bodies: list[dict[str, Any]] = []
        self.headers: dict[str, str] = {}

    def reply(self, path: str, payload: bytes, headers: Mapping[str, str]) -> Reply:
        body = orjson.loads(payload)
        number = int(read_prompt(body).partition("item ")[2].split()[0])
        self.called_at[number].append(time.monotonic())
        self.paths.add(path)
        self.bodies.append(body)
        self.headers = dict(headers)
        self.stats.requests += 1
        turns = self._cases[number]["turns"] if number < len(self._cases) else []
        turn = len(self.called_at[number]) - 1
        if turns and turn >= len(turns) and self._cases[number].get("always"):
            turn = len(turns) - 1
        chosen = turns[turn] if turn < len(turns) else {"body": self._recording["success"]}
        return reply_of(chosen, f"thing {number}")


def reply_of(turn: Mapping[str, Any], text: str = "") -> Reply:
    """Return what a turn of a recording sends."""
    body = turn.get("body", "")
    written = body if isinstance(body, str) else orjson.dumps(body).decode()
    headers = {"content-type": "application/json", **turn.get("headers", {})}
    return Reply(
        turn.get("status", 200),
        written.replace("{text}", text).encode(),
        tuple((name, str(value)) for name, value in headers.items()),
    )
