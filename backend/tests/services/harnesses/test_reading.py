"""Reading the logs that the real harnesses have written."""

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from backports.zstd import zipfile

from app.core.errors import InvalidInput
from app.services.harnesses import unpacking
from app.services.harnesses.logs import BrokenEntry, Log, LoggedAnswer
from app.services.harnesses.reading import read_logs
from app.services.imports.files import File

FOLDER = Path(__file__).parents[2] / "fixtures" / "harnesses"


def file(name: str, change: tuple[bytes, bytes] | None = None) -> File:
    data = (FOLDER / name).read_bytes()
    return File(Path(name).name, data.replace(*change) if change else data)


def of_task(task: str) -> list[File]:
    """Return the samples of a task of lm-eval, with the results of their run."""
    samples = next((FOLDER / "lm-eval").glob(f"samples_{task}_*"))
    results = samples.with_name(samples.name.replace(f"samples_{task}", "results").removesuffix("l"))
    return [file(f"lm-eval/{one.name}") for one in (results, samples)]


def only(files: Sequence[File], columns: Sequence[str] = ()) -> tuple[Log, list[LoggedAnswer]]:
    [log] = read_logs(files, columns)
    return log, list(log.answers())


def values(one: LoggedAnswer) -> dict[str, float | None]:
    return {name: score.value for name, score in one.scores.items()}


def test_an_archive_of_inspect() -> None:
    log, found = only([file("inspect.eval")])
    assert (log.harness, log.harness_version) == ("inspect", "0.3.285")
    assert (log.model, log.task) == ("openai/fake", "trivia")
    assert [one.key for one in found] == [f"tq-{number:03}" for number in range(1, 9)]
    first = found[0]
    assert first.question.startswith("In the 'Divine Comedy', which Roman poet")
    assert first.answers[:2] == ("Virgil", "Vergil")
    assert first.output == "Paris, I think."
    assert first.messages[0]["content"].startswith("Answer with a short phrase.\n\nIn the 'Divine Comedy'")
    assert first.metadata == {"topic": "literature"}
    assert (first.usage.prompt_tokens, first.usage.completion_tokens) == (27, 4)
    assert first.latency_ms is not None
    for score in log.settings["results"]["scores"]:  # the accuracy that Inspect itself has computed
        mean = sum(values(one)[f"inspect.{score['name']}"] or 0 for one in found) / len(found)
        assert mean == score["metrics"]["accuracy"]["value"]


def test_epochs_are_repeats_and_a_failed_sample_is_no_answer() -> None:
    log, found = only([file("inspect.json")])
    assert log.settings["config"]["epochs"] == 2
    assert [(one.key, one.repeat) for one in found][:4] == [
        ("tq-001", 0), ("tq-002", 0), ("tq-003", 0), ("tq-004", 0),
    ]  # fmt: skip
    failed = [one for one in found if one.output is None]
    assert {(one.key, one.error) for one in failed} == {("tq-003", "ValueError('the sandbox has gone away')")}
    answered = found[0]
    assert values(answered) == {"inspect.match": 0.0, "inspect.length": None}
    assert "15" in answered.scores["inspect.length"].reason  # no number from 0 to 1: unscored, and said so


def test_an_unscored_sample_of_inspect_says_why() -> None:
    """Inspect writes NaN, which strict JSON has not."""
    sample = {
        "id": "a",
        "epoch": 1,
        "input": "q",
        "target": "t",
        "output": {"completion": "o"},
        "scores": {"judge": {"value": math.nan, "explanation": "the grader has refused"}},
    }
    for name in ("one.json", "one.eval"):
        data = (
            json.dumps({"eval": {"model": "m"}, "status": "success", "samples": [sample]}).encode()
            if name == "one.json"
            else changed_archive("samples/tq-001_epoch_1.json", json.dumps(sample).encode())
        )
        _, found = only([File(name, data)])
        score = found[0].scores["inspect.judge"]
        assert (score.value, score.reason) == (None, "the grader has refused")


def test_tokens_of_the_prompt_cache_are_part_of_the_prompt() -> None:
    """Inspect counts those that were read from, or written to, the provider's cache beside the others."""
    usage = {
        "input_tokens": 10,
        "input_tokens_cache_read": 5,
        "input_tokens_cache_write": 2,
        "output_tokens": 3,
        "total_tokens": 20,
        "total_cost": 0.5,
    }
    sample = {
        "id": "a",
        "epoch": 1,
        "input": "q",
        "target": "t",
        "output": {"completion": "o", "usage": usage},
    }
    data = json.dumps({"eval": {"model": "m"}, "status": "success", "samples": [sample]}).encode()
    _, [found] = only([File("one.json", data)])
    assert (found.usage.prompt_tokens, found.usage.cache_read_tokens, found.usage.cache_write_tokens) == (
        17,
        5,
        2,
    )
    assert found.cost_usd == 0.5


def test_generated_answers_of_lm_eval() -> None:
    log, found = only(of_task("trivia_local"))
    assert (log.harness_version, log.model) == ("0.4.13", "local-completions/fake")
    assert log.settings["n_shot"] == 0
    assert len(found) == 20
    assert found[0].key == "tq-001"  # the document's own id, not its number
    assert found[0].answers[:2] == ("Virgil", "Vergil")
    assert found[0].messages[0]["content"].endswith("\nAnswer:")
    results = log.settings["results"]["exact_match,none"]
    assert sum(values(one)["lm-eval.exact_match"] or 0 for one in found) / 20 == results


def test_filters_of_lm_eval_are_scores_of_one_answer() -> None:
    log, found = only(of_task("sums_filters"))
    assert len(found) == 3
    assert values(found[1]) == {
        "lm-eval.exact_match.strict-match": 0.0,
        "lm-eval.exact_match.flexible-extract": 1.0,
    }
    assert found[1].output == "It is 17"
    for name in ("strict-match", "flexible-extract"):
        mean = sum(values(one)[f"lm-eval.exact_match.{name}"] or 0 for one in found) / 3
        assert mean == pytest.approx(log.settings["results"][f"exact_match,{name}"])


def test_a_zip_of_lm_eval_is_read_as_its_files() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for one in of_task("sums_filters"):
            archive.writestr(f"fake/{one.name}", one.data[:])
        archive.writestr("fake/notes.txt", "no log")
    packed, given = only([File("all.zip", made.getvalue())]), only(of_task("sums_filters"))
    assert packed[1] == given[1]
    assert (packed[0].model, packed[0].task) == (given[0].model, given[0].task)


def test_a_zip_that_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_MAX_BYTES", 9_999)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("samples_x_1.jsonl", b" " * 10_000)
    with pytest.raises(InvalidInput, match="more than 9,999 bytes"):
        read_logs([File("all.zip", made.getvalue())])


def test_a_document_twice_under_one_filter_is_answered_twice() -> None:
    samples, results = sorted(of_task("sums_filters"), key=lambda one: "results" in one.name)
    lines = [json.loads(line) for line in samples.data[:].splitlines()]
    again = [{**line, "resps": [["again"]], "exact_match": 1.0} for line in lines]
    data = "\n".join(map(json.dumps, [*lines, *again])).encode()
    _, found = only([results, File(samples.name, data)])
    assert [(one.key, one.repeat) for one in found] == [(key, 0) for key in "012"] + [
        (key, 1) for key in "012"
    ]
    assert {one.output for one in found if one.repeat} == {"again"}
    assert len(values(found[3])) == 2  # both filters


def test_choices_of_lm_eval_are_answered_by_the_likeliest() -> None:
    _, found = only(of_task("capitals_choice"))
    first = found[0]
    assert (first.output, first.answers, values(first)["lm-eval.acc"]) == ("Lyon", ("Paris",), 0.0)
    assert all((one.output in one.answers) == bool(values(one)["lm-eval.acc"]) for one in found)


def test_a_certain_choice_is_the_likeliest() -> None:
    samples = of_task("capitals_choice")[1]
    line = json.loads(samples.data[:].splitlines()[0])
    line["resps"][1][0][0] = 0.0  # log likelihood of a probability of 1
    _, [answer] = only([File(samples.name, json.dumps(line).encode())])
    assert answer.output == "Paris"


def test_a_folder_of_lm_eval_is_a_log_for_each_task() -> None:
    files = [one for task in ("trivia_local", "sums_filters", "capitals_choice") for one in of_task(task)]
    logs = read_logs(files)
    assert {log.task: log.harness_version for log in logs} == {
        "trivia_local": "0.4.13", "sums_filters": "0.4.13", "capitals_choice": "0.4.13",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["promptfoo.json", "promptfoo.jsonl"])
def test_each_prompt_of_promptfoo_is_a_log(name: str) -> None:
    logs = read_logs([file(name)])
    assert [log.settings["prompt"] for log in logs] == [
        "Answer briefly. {{question}}",
        "Question: {{question}}\nAnswer:",
    ]
    assert {log.model for log in logs} == {"openai:chat:fake"}
    found = list(logs[0].answers())
    assert len(found) == 10
    assert {one.repeat for one in found} == {0, 1}  # --repeat 2
    assert len({one.key for one in found}) == 5
    first = found[0]
    assert first.question.startswith("In the 'Divine Comedy'")
    assert first.answers[:2] == ("Virgil", "Vergil")
    assert first.metadata == {"topic": "literature"}
    assert values(first) == {"promptfoo.pass": 0.0, "promptfoo.score": 0.0}
    assert first.latency_ms is not None
    assert first.cost_usd is None  # 0: promptfoo knows no price
    assert found[-1].answers == ()  # only a script judges it


def test_a_plain_file_says_where_its_columns_are() -> None:
    rows = [
        {"input": "2 + 3?", "gold": "5", "response": "5", "ok": True, "ms": "12.5"},
        {"input": "2 + 4?", "gold": "6", "response": "7", "ok": False, "ms": ""},
        {"input": "2 + 3?", "gold": "5", "response": "six", "ok": False, "ms": "9"},
    ]
    data = "\n".join(map(json.dumps, rows)).encode()
    log, found = only([File("mine.jsonl", data)], ["score.accuracy=ok", "latency_ms=ms"])
    assert (log.harness, log.model, log.task) == ("file", "unknown", "mine")
    assert [(one.key, one.repeat, one.output) for one in found] == [
        ("2 + 3?", 0, "5"), ("2 + 4?", 0, "7"), ("2 + 3?", 1, "six"),
    ]  # fmt: skip
    assert [values(one)["file.accuracy"] for one in found] == [1.0, 0.0, 0.0]
    assert [one.latency_ms for one in found] == [12.5, None, 9.0]
    assert found[0].metadata == {}


def test_a_table_with_two_models_is_two_logs() -> None:
    table = "question;answer;output;model;score.f1\nq1;a;a;small;0.5\nq1;a;b;large;1\n"
    logs = read_logs([File("both.csv", table.encode())])
    assert [(log.model, [one.output for one in log.answers()]) for log in logs] == [
        ("small", ["a"]), ("large", ["b"]),
    ]  # fmt: skip
    assert values(next(iter(logs[0].answers()))) == {"file.f1": 0.5}


def changed_archive(name: str, content: bytes | None) -> bytes:
    """Return the archive of Inspect with another content of an entry, or without it."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(FOLDER / "inspect.eval") as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_ZSTANDARD) as new,
    ):
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
            elif content is not None:
                new.writestr(entry, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("header.json", None, "has not ended"),
        ("header.json", b'{"version": 99, "eval": {}}', "names no model"),
        (
            "samples/tq-003_epoch_1.json",
            b'{"id": "tq-003", "ep',
            "samples/tq-003_epoch_1.json: cannot be read",
        ),
        ("samples/tq-003_epoch_1.json", b"[]", "samples/tq-003_epoch_1.json: is not a JSON object"),
        ("samples/tq-003_epoch_1.json", b'{"id": 3}', "samples/tq-003_epoch_1.json: has no input"),
    ],
)
def test_a_broken_archive_names_the_entry(name: str, content: bytes | None, says: str) -> None:
    with pytest.raises((InvalidInput, BrokenEntry), match=says):
        read_all(File("one.eval", changed_archive(name, content)))


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.json", b'{"what": 1}', "no log that is known"),
        ("a.json", b'{"what": ', "no JSON"),
        ("a.jsonl", b'{"question": "q"}\n', "no columns of questions and outputs"),
        ("a.jsonl", b'{"question": "q", "output": "o"}\nnot JSON\n', "1 wrong line"),
        ("a.csv", b"question,answer\nq,a\n", "no columns of questions and outputs"),
        ("a.eval", (FOLDER / "inspect.eval").read_bytes()[:9_000], "no complete log of Inspect"),
        ("samples_x_2026-11-28T13-05-11.1.jsonl", b'{"doc_id": 0, "resps": [], "arguments": []}\n', "line 1"),
        ("results_2026-11-28T13-05-11.1.json", b'{"results": {}, "n-shot": {}}', "no answers"),
        ("p.jsonl", b'{"promptIdx": 0, "testIdx": 0, "provider": 7}\n', "line 1: has no provider"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, data: bytes, says: str) -> None:
    with pytest.raises((InvalidInput, BrokenEntry), match=says):
        read_all(File(name, data))


def read_all(given: File) -> None:
    for log in read_logs([given]):
        list(log.answers())
