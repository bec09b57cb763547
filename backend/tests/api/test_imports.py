"""Tests of the import of other harnesses' results."""

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import orjson
import pytest

from app.domain.generation import GenerationRequest, GenerationResult
from app.services.execution.executor import Executor
from app.services.harnesses.logs import Log
from app.services.imports.process import ImportProcesses
from app.services.inference.base import EngineBase
from tests.api.conftest import DATASETS, EXPERIMENTS, Steps, body, problem
from tests.engines import answered, question
from tests.fixtures.harness_logs import FOLDER, Sample, inspect_log
from tests.support import scripted

IMPORTS = "/api/v1/imports"
RESULTS = "/api/v1/results"


async def upload(
    api: httpx.AsyncClient, *files: tuple[str, bytes], columns: Sequence[str] = (), **form: str
) -> httpx.Response:
    parts = [("files", file) for file in files]
    return await api.post(IMPORTS, data={**form, "map": list(columns)}, files=parts)


def logged(name: str) -> tuple[str, bytes]:
    return name, (FOLDER / name).read_bytes()


async def imported(api: httpx.AsyncClient, *files: tuple[str, bytes], **form: Any) -> list[dict[str, Any]]:
    response = await upload(api, *files, **form)
    assert response.status_code == 201, response.text
    found: list[dict[str, Any]] = response.json()
    return found


def answers(**outputs: str) -> tuple[str, bytes]:
    """Return a plain file with an output for each question of ``quiz`` that is named by its number."""
    rows = [
        {"question": f"What is item {number[1:]} of quiz?", "answer": f"thing {number[1:]}", "output": text}
        for number, text in outputs.items()
    ]
    return "answers.jsonl", b"\n".join(map(orjson.dumps, rows))


def scored_for(reason: str) -> tuple[str, bytes]:
    """Return a log of Inspect, as JSON, with this explanation of each score."""
    name, data = logged("inspect.json")
    log = orjson.loads(data)
    for sample in log["samples"]:
        for score in (sample.get("scores") or {}).values():
            score["explanation"] = reason
    return name, json.dumps(log).encode()


def by_model(name: str) -> tuple[str, bytes]:
    """Return a plain file with one answer of this model."""
    row = {"id": 1, "question": "q", "answer": "a", "output": "a", "model": name}
    return "x.jsonl", json.dumps(row).encode()


class TestInspect:
    async def test_a_log_is_an_experiment_with_both_scores(self, steps: Steps) -> None:
        [one] = await imported(steps.api, logged("inspect.eval"))
        assert (one["harness"], one["model"], one["dataset"]) == ("Inspect", "openai/fake", "inspect-trivia")
        assert (one["questions"], one["answers"], one["failed"], one["created"]) == (8, 8, 0, True)
        pairs = {(pair["theirs"], pair["ours"]): pair for pair in one["agreement"]}
        match = pairs["inspect.match", "exact_match"]
        assert (match["both"] + match["neither"], match["alike"]["value"]) == (8, 1.0)

        experiment = await steps.get(f"{EXPERIMENTS}/{one['experiment_id']}")
        assert (experiment["status"], experiment["method"]) == ("COMPLETED", "imported")
        about = experiment["provenance"]["imported"]
        assert (about["harness"], about["version"]) == ("inspect", "0.3.285")
        assert experiment["progress"]["done"] == 8
        assert await steps.get(f"{EXPERIMENTS}/{one['experiment_id']}/budgets") == []
        assert (await steps.get("/api/v1/spending"))["total"]["calls"] == 0  # nothing was spent on it here
        assert "params" not in experiment["config"]  # nobody here has chosen a temperature
        metrics = await steps.get(f"{RESULTS}/{one['experiment_id']}/metrics")
        match = metrics["scores"]["inspect.match"]
        assert (match["value"], match["kind"], match["method"]) == (0.5, "binary", "wilson")
        assert metrics["scores"]["exact_match"]["value"] == 0.5
        runs = await steps.get(f"{RESULTS}/{one['experiment_id']}/runs")
        assert len(runs["items"]) == 8

    async def test_epochs_failures_and_values_that_are_no_shares(self, steps: Steps) -> None:
        [one] = await imported(steps.api, logged("inspect.json"))
        assert (one["questions"], one["answers"], one["failed"]) == (4, 8, 2)
        metrics = await steps.get(f"{RESULTS}/{one['experiment_id']}/metrics")
        assert metrics["counts"]["failed"] == 2
        assert "inspect.length" not in metrics["scores"]

    async def test_the_same_log_again_changes_nothing(self, steps: Steps) -> None:
        [first] = await imported(steps.api, logged("inspect.eval"))
        name, data = logged("inspect.eval")
        [again] = await imported(steps.api, ("copy of " + name, data))
        assert (again["experiment_id"], again["created"]) == (first["experiment_id"], False)
        assert (await steps.get(EXPERIMENTS))["total"] == 1

    async def test_a_deleted_one_comes_back(self, steps: Steps) -> None:
        [first] = await imported(steps.api, logged("inspect.eval"))
        await steps.api.delete(f"{EXPERIMENTS}/{first['experiment_id']}")
        [again] = await imported(steps.api, logged("inspect.eval"))
        assert (await steps.get(f"{EXPERIMENTS}/{again['experiment_id']}"))["status"] == "COMPLETED"


class TestAgain:
    """An import of the same files with the same options, which is answered without reading them."""

    @pytest.fixture
    def never_read(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
        """Return a function from whose call on no file may be read."""

        def forbid() -> None:
            def fail(*_: object) -> list[Log]:
                raise AssertionError("a file is read")

            monkeypatch.setattr("app.services.harnesses.service.read_logs", fail)

        return forbid

    async def test_it_answers_as_the_first_one(self, steps: Steps, never_read: Callable[[], None]) -> None:
        first = await imported(steps.api, logged("promptfoo.json"))
        never_read()
        again = await imported(steps.api, logged("promptfoo.json"))
        assert again == [{**one, "created": False} for one in first]
        assert len(again) == 2

    async def test_a_deleted_one_comes_back(self, steps: Steps, never_read: Callable[[], None]) -> None:
        [first, second] = await imported(steps.api, logged("promptfoo.json"))
        await steps.api.delete(f"{EXPERIMENTS}/{second['experiment_id']}")
        never_read()
        await imported(steps.api, logged("promptfoo.json"))
        listed = (await steps.get(EXPERIMENTS))["items"]
        assert {one["id"] for one in listed} == {first["experiment_id"], second["experiment_id"]}

    async def test_no_process_is_started_for_a_large_one(
        self, steps: Steps, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        [first] = await imported(steps.api, logged("inspect.eval"), dataset="trivia")
        monkeypatch.setattr("app.services.harnesses.uploads.are_large", lambda _: True)
        monkeypatch.setattr(ImportProcesses, "run", None)
        [again] = await imported(steps.api, logged("inspect.eval"), dataset="trivia")
        assert again == {**first, "created": False}

    async def test_the_questions_of_a_newer_version_of_the_dataset_are_meant(self, steps: Steps) -> None:
        [first] = await imported(steps.api, answers(n3="thing 3"), dataset="quiz")
        newer = orjson.dumps({"question": "What is item 3 of quiz?", "answer": "another thing"})
        await steps.api.post(DATASETS, data={"name": "quiz"}, files={"file": ("quiz.jsonl", newer)})
        [again] = await imported(steps.api, answers(n3="thing 3"), dataset="quiz")
        assert again["created"]
        values = [
            (await steps.get(f"{RESULTS}/{one['experiment_id']}/metrics"))["scores"]["exact_match"]["value"]
            for one in (first, again)
        ]
        assert values == [1.0, 0.0]

    async def test_other_options_are_another_import(self, steps: Steps) -> None:
        table = b"question,answer,small,large\nq1,a,a,a\nq2,b,a,b\n"
        found = []
        for column in ("small", "large", "small"):
            columns = [f"output={column}"]
            [one] = await imported(steps.api, ("both.csv", table), columns=columns, dataset="both")
            metrics = await steps.get(f"{RESULTS}/{one['experiment_id']}/metrics")
            found.append((one["created"], metrics["scores"]["exact_match"]["value"]))
        assert found == [(True, 0.5), (True, 1.0), (False, 0.5)]

    async def test_what_a_first_one_refused_is_refused_again(self, steps: Steps) -> None:
        await imported(steps.api, answers(n3="thing 3"), dataset="quiz")
        for _ in range(2):
            problem(await upload(steps.api, answers(n3="thing 3"), dataset="quiz", scoring="gsm8k"), 422)

    async def test_files_with_other_names_in_another_order_change_nothing(self, steps: Steps) -> None:
        contents = [answers(n3="thing 3")[1], answers(n4="thing 5")[1]]
        first = await imported(steps.api, *zip(("a.jsonl", "b.jsonl"), contents, strict=True), dataset="quiz")
        again = await imported(
            steps.api, *zip(("c.jsonl", "d.jsonl"), reversed(contents), strict=True), dataset="quiz"
        )
        assert again == [{**one, "created": False} for one in first]


class TestOthers:
    async def test_a_folder_of_lm_eval(self, steps: Steps) -> None:
        files = [(one.name, one.read_bytes()) for one in sorted((FOLDER / "lm-eval").iterdir())]
        done = await imported(steps.api, *files)
        assert {(one["dataset"], one["answers"]) for one in done} == {
            ("lm-eval-trivia_local", 20),
            ("lm-eval-sums_filters", 3),
            ("lm-eval-capitals_choice", 3),
        }

    async def test_each_prompt_of_promptfoo(self, steps: Steps) -> None:
        done = await imported(steps.api, logged("promptfoo.json"))
        assert [(one["questions"], one["answers"]) for one in done] == [(5, 10), (5, 10)]
        metrics = await steps.get(f"{RESULTS}/{done[0]['experiment_id']}/metrics")
        assert metrics["scores"]["exact_match"]["unscored"] == 2  # a script judges them: no accepted answer
        ids = [one["experiment_id"] for one in done]
        compared = await steps.get(f"{RESULTS}/compare", ids=ids)
        scores = {one["score"] for one in compared["differences"]}
        assert {"promptfoo.pass", "exact_match"} <= scores

    async def test_a_plain_file_by_its_columns(self, steps: Steps) -> None:
        rows = b"in,gold,out,good\nq1,a,a,1\nq2,b,c,0\n"
        columns = ["question=in", "answer=gold", "output=out", "score.judge=good"]
        [one] = await imported(steps.api, ("mine.csv", rows), columns=columns, scoring="triviaqa")
        metrics = await steps.get(f"{RESULTS}/{one['experiment_id']}/metrics")
        assert metrics["scores"]["file.judge"]["value"] == 0.5
        assert (await steps.get(f"{DATASETS}/{one['dataset']}"))["scoring"] == "triviaqa"


class TestDataset:
    async def test_questions_are_found_by_their_text(self, steps: Steps) -> None:
        [one] = await imported(steps.api, answers(n3="thing 3", n4="thing 5"), dataset="quiz")
        assert (one["dataset"], one["paired_by"]) == ("quiz", "content")
        assert len(await steps.get(DATASETS)) == 1

    async def test_or_by_their_ids_where_the_prompt_was_changed(self, steps: Steps) -> None:
        stored = await steps.get(f"{DATASETS}/quiz/examples")
        rows = [
            {"id": one["key"], "question": f"Please: {one['question']}", "output": one["answers"][0]}
            for one in stored["items"]
        ]
        file = "changed.jsonl", b"\n".join(map(orjson.dumps, rows))
        [one] = await imported(steps.api, file, dataset="quiz")
        assert one["paired_by"] == "id"
        metrics = await steps.get(f"{RESULTS}/{one['experiment_id']}/metrics")
        assert metrics["scores"]["exact_match"]["value"] == 1.0  # against the dataset's own answers

    async def test_what_it_lacks_is_named_and_nothing_is_stored(self, steps: Steps) -> None:
        file = answers(n3="thing 3", n99="thing 99")
        error = problem(await upload(steps.api, file, dataset="quiz"), 422)
        assert error["message"].startswith(
            "The dataset quiz lacks 1 question of answers: What is item 99 of quiz?."
        )
        assert (await steps.get(EXPERIMENTS))["total"] == 0

    async def test_another_rule_than_the_datasets(self, steps: Steps) -> None:
        error = problem(await upload(steps.api, answers(n3="x"), dataset="quiz", scoring="gsm8k"), 422)
        assert error["errors"][0]["field"] == "scoring"


class TestRefused:
    @pytest.mark.parametrize(
        ("files", "form", "says"),
        [
            ([("a.json", b"{}")], {}, "no log that is known"),
            ([("a.eval", b"PK\x03\x04")], {}, "no complete log of Inspect"),
            ([answers(n1="thing 1")], {"scoring": "what"}, "no scoring rule"),
            ([answers(n1="thing 1")], {"dataset": "No such name!"}, "not a valid name"),
            ([answers(n1="nul \0")], {}, "NUL"),
            ([scored_for("nul \0")], {}, "NUL"),
            ([scored_for("\ud800")], {}, "lone surrogate"),
            ([by_model("nul \0")], {}, "NUL"),
            ([by_model("\ud800")], {}, "lone surrogate"),
        ],
    )
    async def test_a_sentence_says_why(
        self, steps: Steps, files: list[tuple[str, bytes]], form: dict[str, str], says: str
    ) -> None:
        error = problem(await upload(steps.api, *files, **form), 422)
        assert says in orjson.dumps(error).decode()

    async def test_an_entry_that_contradicts_another_refuses_all_of_the_file(self, steps: Steps) -> None:
        rows = [
            {"id": 1, "question": "q1", "answer": "a", "output": "a", "model": "small"},
            {"id": 1, "question": "q2", "answer": "a", "output": "a", "model": "large"},
            {"id": 1, "question": "q3", "answer": "a", "output": "a", "model": "large"},
        ]
        error = problem(await upload(steps.api, ("x.jsonl", b"\n".join(map(orjson.dumps, rows)))), 422)
        assert error["errors"][0]["field"] == "line 3"
        assert (await steps.get(EXPERIMENTS))["total"] == 0  # the good model's neither
        assert len(await steps.get(DATASETS)) == 1

    async def test_an_imported_experiment_is_never_run(self, steps: Steps) -> None:
        [one] = await imported(steps.api, logged("inspect.eval"))
        problem(await steps.api.post(f"{EXPERIMENTS}/{one['experiment_id']}/run"), 409)
        config = (await steps.get(f"{EXPERIMENTS}/{one['experiment_id']}"))["config"]
        error = problem(await steps.api.post(EXPERIMENTS, json={"config": config}), 422)
        assert error["errors"][0]["field"] == "method.name"
        method = {"name": "imported", "harness": "inspect"}
        problem(await steps.api.post(EXPERIMENTS, json=body(method=method)), 422)


class Canned(EngineBase):
    """Answers two of three questions right."""

    async def generate(self, request: GenerationRequest) -> GenerationResult:
        number = question(request).split()[3]
        return answered(f"thing {number}" if int(number) % 3 else "no idea")


async def test_equal_answers_are_equal_whoever_asked(steps: Steps) -> None:
    """An Inspect log and a run of ours with the same answers to the same 500 questions: b = c = 0."""
    questions = b"\n".join(
        orjson.dumps({"question": f"What is item {number} of many?", "answer": f"thing {number}"})
        for number in range(500)
    )
    await steps.api.post(DATASETS, data={"name": "many"}, files={"file": ("many.jsonl", questions)})
    ours = await steps.create(dataset={"name": "many"})
    await steps.start(ours)
    await Executor(scripted(steps.runtime, Canned()), uuid.UUID(ours)).run()
    runs: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not runs:
        page = await steps.get(f"{RESULTS}/{ours}/runs", limit=200, **({"cursor": cursor} if cursor else {}))
        runs, cursor = runs + page["items"], page["next"]
    samples = [
        Sample(
            one["example_key"],
            one["question"],
            tuple(one["gold"]),
            one["output"],
            bool(one["scores"]["exact_match"]["value"]),
        )
        for one in runs
    ]
    [one] = await imported(steps.api, ("other.eval", inspect_log(samples)), dataset="many")
    assert (one["answers"], one["paired_by"]) == (500, "content")
    compared = await steps.get(f"{RESULTS}/compare", ids=[ours, one["experiment_id"]])
    values = [each["metrics"]["scores"]["exact_match"]["value"] for each in compared["experiments"]]
    assert values[0] == values[1]
    assert 0 < values[0] < 1
    [difference] = [each for each in compared["differences"] if each["score"] == "exact_match"]
    assert (difference["only_this"], difference["only_baseline"], difference["n_paired"]) == (0, 0, 500)
    assert difference["statistics"]["outcome"] == "not_distinguishable"


class TestAgreements:
    async def test_where_their_score_and_ours_differ(self, steps: Steps) -> None:
        rows = [
            {"in": f"What is item {place} of quiz?", "gold": f"thing {place}", "out": out, "good": good}
            for place, (out, good) in enumerate(
                [("thing 0", 1), ("thing 1", 0), ("nothing", 1), ("no", 0), ("no", 0.5), ("thing 5", None)]
            )
        ]
        columns = ["question=in", "answer=gold", "output=out", "score.judge=good"]
        file = ("answers.jsonl", b"\n".join(map(orjson.dumps, rows)))
        [one] = await imported(steps.api, file, dataset="quiz", columns=columns)
        path = f"{RESULTS}/{one['experiment_id']}"
        found = (await steps.get(f"{path}/agreements"))["agreements"]
        assert found == one["agreement"]
        pair = next(each for each in found if each["ours"] == "exact_match")
        cells = [pair[name] for name in ("both", "only_theirs", "only_ours", "neither", "unscored")]
        assert cells == [1, 1, 1, 2, 1]
        assert (pair["alike"]["value"], pair["alike"]["n"]) == (0.6, 5)
        query = {"score": pair["theirs"], "differs_from": "exact_match"}
        listed = await steps.get(f"{path}/runs", **query)
        assert sorted(run["output"] for run in listed["items"]) == ["nothing", "thing 1"]
        only = await steps.get(f"{path}/runs", **query, filter="correct")
        assert [run["output"] for run in only["items"]] == ["nothing"]
        assert (await steps.get(f"{path}/runs", score="exact_match", differs_from="none"))["items"] == []

    async def test_what_was_run_here_has_none(self, steps: Steps) -> None:
        ours = await steps.run()
        assert await steps.get(f"{RESULTS}/{ours}/agreements") == {"agreements": []}


class TestColumns:
    async def columns(self, steps: Steps, name: str, content: bytes) -> dict[str, Any]:
        response = await steps.api.post(f"{IMPORTS}/columns", files={"file": (name, content)})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
    async def test_of_a_plain_file(self, steps: Steps, name: str) -> None:
        row = {"prompt": "q", "response": "a", "gold": "a", "good": "1", "score.own": "0", "model": "m"}
        table = [",".join(part) for part in (row, row.values())]
        content = "\n".join(table).encode() if name.endswith("csv") else orjson.dumps(row)
        found = await self.columns(steps, name, content)
        assert [one["name"] for one in found["columns"]] == list(row)
        assert found["fields"] == {
            "question": "prompt",
            "answer": "gold",
            "output": "response",
            "model": "model",
            "score.own": "score.own",
        }

    @pytest.mark.parametrize("name", ["inspect.eval", "inspect.json", "promptfoo.json", "promptfoo.jsonl"])
    async def test_of_a_log_there_are_none_to_choose(self, steps: Steps, name: str) -> None:
        found = await self.columns(steps, *logged(name))
        assert found == {"columns": [], "fields": {}, "published": True}

    async def test_a_line_that_is_cut_off_is_no_error(self, steps: Steps) -> None:
        row = orjson.dumps({"question": "q", "output": "a"})
        assert (await self.columns(steps, "a.jsonl", row + b"\n" + row[:9]))["fields"]["output"] == "output"
