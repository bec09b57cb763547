"""Logs that are written for other harnesses: our importer reads them again, and they have the real form."""

import asyncio
import io
import json
import math
import statistics
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from backports.zstd import zipfile as zstd_zipfile
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.generation import GenerationResult
from app.domain.status import ExperimentStatus
from app.services.harnesses.exports.exported import ScoreNames, by_question
from app.services.harnesses.exports.formats import LOG_FORMATS, LogFormat
from app.services.harnesses.exports.means import Mean
from app.services.harnesses.logs import LoggedAnswer
from app.services.harnesses.reading import read_logs
from app.services.imports.files import File
from tests.exported_runs import experiment, experiments, row, written

FOLDER = Path(__file__).parents[2] / "fixtures" / "harnesses"
READ_AGAIN: tuple[LogFormat, ...] = ("inspect", "lm-eval", "promptfoo")


def read_again(fmt: LogFormat, data: bytes) -> list[LoggedAnswer]:
    [log] = read_logs([File(f"x.{LOG_FORMATS[fmt].ending}", data)])
    return list(log.answers())


def entries(data: bytes) -> dict[str, Any]:
    """Return the entries of a zip, those in JSON parsed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        content = {name: archive.read(name) for name in archive.namelist()}
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in content.items()}


def with_value(scores: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if value is not None}


class TestRoundTrip:
    @pytest.mark.parametrize("fmt", READ_AGAIN)
    @settings(max_examples=40, deadline=None)
    @given(rows=experiments())
    def test_our_importer_reads_what_was_written(self, fmt: LogFormat, rows: list[dict[str, Any]]) -> None:
        found = read_again(fmt, asyncio.run(written(fmt, rows)))
        assert [(one.key, one.repeat) for one in found] == [
            (r["example_key"], r["repeat"]) for r in rows
        ] or (
            fmt == "inspect"  # whose entries are in the order of their names
            and {(one.key, one.repeat) for one in found} == {(r["example_key"], r["repeat"]) for r in rows}
        )
        by_run = {(r["example_key"], r["repeat"]): r for r in rows}
        for one in found:
            meant = by_run[one.key, one.repeat]
            assert (one.question, one.answers) == (meant["question"], tuple(meant["gold"]))
            assert (one.output, one.error) == (meant["output"], meant["failure_message"])
            assert one.metadata == {"topic": "geo"}
            values = {name: score.value for name, score in one.scores.items() if score.value is not None}
            for name in ("pass", "score"):  # promptfoo's own, which are exact match
                values.pop(f"promptfoo.{name}", None)
            if one.output is not None:
                given = {name: score["value"] for name, score in meant["scores"].items()}
                assert values == {f"{fmt}.{name}": value for name, value in with_value(given).items()}

    @pytest.mark.parametrize("fmt", ["inspect", "promptfoo"])
    async def test_tokens_time_and_price(self, fmt: LogFormat) -> None:
        counted = {"cache_read_tokens": 5, "cache_write_tokens": 2, "reasoning_tokens": 1, "cost_usd": 0.25}
        [one] = read_again(fmt, await written(fmt, [row("q", 0, **counted)]))
        assert (one.usage.prompt_tokens, one.usage.completion_tokens) == (12, 3)
        assert (one.latency_ms, one.cost_usd, one.finish_reason) == (20.0, 0.25, "stop")
        if fmt == "inspect":
            usage = one.usage
            assert (usage.cache_read_tokens, usage.cache_write_tokens, usage.reasoning_tokens) == (5, 2, 1)

    @pytest.mark.parametrize("fmt", READ_AGAIN)
    async def test_an_answer_that_was_cut_off_still_is(self, fmt: LogFormat) -> None:
        """It is read in another way than one that has ended: without that, its scores would differ."""
        calls = [{**row("q", 0)["calls"][0], "finish_reason": "length"}]
        [one] = read_again(fmt, await written(fmt, [row("q", 0, calls=calls)]))
        assert GenerationResult(text="", finish_reason=one.finish_reason).cut_off

    @pytest.mark.parametrize("fmt", READ_AGAIN)
    async def test_model_and_task(self, fmt: LogFormat) -> None:
        [log] = read_logs([File("x", await written(fmt, [row("q", 0)]))])
        assert log.model == "openai/gpt-4o"
        assert log.task == {"promptfoo": "capitals"}.get(fmt, "quiz")

    @pytest.mark.parametrize("fmt", READ_AGAIN)
    async def test_scores_of_an_imported_one_keep_their_names(self, fmt: LogFormat) -> None:
        own = "pass" if fmt == "promptfoo" else "exact_match"
        scores = {"exact_match": 0.0, f"{fmt}.{own}": 1.0, "f1": 0.5}
        provenance = {**experiment().provenance, "scorers": dict.fromkeys(scores, 1)}
        about = experiment(provenance=provenance, kinds={})
        [one] = read_again(fmt, await written(fmt, [row("q", 0, scores=scores)], about))
        values = {name: score.value for name, score in one.scores.items()}
        assert values[f"{fmt}.{own}"] == 1.0
        ours = "exact_match" if fmt == "promptfoo" else "llmforge.exact_match"
        assert values[f"{fmt}.{ours}"] == 0.0
        assert values[f"{fmt}.f1"] == 0.5

    @pytest.mark.parametrize("fmt", LOG_FORMATS)
    async def test_equal_exports_are_equal_files(self, fmt: LogFormat) -> None:
        rows = [row("q", 0), row("r", 0, error="no")]
        assert await written(fmt, rows) == await written(fmt, rows)


class TestInspect:
    async def test_it_has_the_form_of_a_real_log(self) -> None:
        ours = entries(await written("inspect", [row("tq-001", 0, scores={"exact_match": 1.0, "f1": 0.5})]))
        with zstd_zipfile.ZipFile(FOLDER / "inspect.eval") as archive:
            real = {name: json.loads(archive.read(name)) for name in archive.namelist()}
        expected = {name for name in real if not name.startswith("samples/")} | {
            "samples/tq-001_epoch_1.json"
        }
        assert set(ours) == expected
        name = "samples/tq-001_epoch_1.json"
        assert set(real[name]) - set(ours[name]) == {"events_data"}
        assert set(ours[name]) <= set(real[name])
        for part in ("output", "scores"):
            assert set(ours[name]["output"]) <= set(real[name]["output"])
        assert set(ours[name]["scores"]["exact_match"]) == set(real[name]["scores"]["match"])
        assert set(ours["summaries.json"][0]) == set(real["summaries.json"][0])
        assert set(real["header.json"]) - set(ours["header.json"]) == {"tags", "metadata"}  # of later edits
        for part in ("plan", "results", "stats"):
            assert set(ours["header.json"][part]) <= set(real["header.json"][part]), part
        assert set(ours["header.json"]["results"]["scores"][0]) == set(
            real["header.json"]["results"]["scores"][0]
        )
        assert set(ours["reductions.json"][0]) == set(real["reductions.json"][0])

    async def test_values_are_letters_or_numbers_or_nan(self) -> None:
        scores = {"exact_match": 1.0, "f1": 0.5, "contains": None}
        ours = entries(await written("inspect", [row("q", 0, scores=scores)]))
        values = {name: one["value"] for name, one in ours["samples/q_epoch_1.json"]["scores"].items()}
        assert (values["exact_match"], values["f1"]) == ("C", 0.5)
        assert math.isnan(values["contains"])

    async def test_metrics_are_those_of_inspect(self) -> None:
        values = {"a": [1.0, 0.0, 1.0], "b": [0.0], "c": [1.0, 1.0]}
        rows = [
            row(key, repeat, scores={"exact_match": value})
            for key, each in values.items()
            for repeat, value in enumerate(each)
        ]
        rows.append(row("d", 0, error="no"))
        ours = entries(await written("inspect", rows))
        results = ours["header.json"]["results"]
        means = [statistics.mean(each) for each in values.values()]
        [score] = results["scores"]
        assert (results["total_samples"], results["completed_samples"]) == (20, 6)
        assert (score["scored_samples"], score["unscored_samples"]) == (3, 0)
        assert score["metrics"]["accuracy"]["value"] == pytest.approx(statistics.mean(means))
        error = statistics.stdev(means) / math.sqrt(3)
        assert score["metrics"]["stderr"]["value"] == pytest.approx(error)
        [reduced] = ours["reductions.json"]
        assert [one["value"] for one in reduced["samples"]] == pytest.approx(means)

    @pytest.mark.parametrize(
        ("status", "said"),
        [("RUNNING", "started"), ("COMPLETED", "success"), ("FAILED", "error"), ("CANCELLED", "cancelled")],
    )
    async def test_status(self, status: str, said: str) -> None:
        about = experiment(status=ExperimentStatus(status), reason="the key is \x1b[31mwrong")
        head = entries(await written("inspect", [], about))["header.json"]
        assert head["status"] == said
        assert ("error" in head) == (said == "error")
        if said == "error":
            assert head["error"]["message"] == "the key is \x1b[31mwrong"
            assert "\x1b" not in head["error"]["traceback_ansi"]  # which viewers print as it is

    async def test_tools_and_thinking_of_an_agent(self) -> None:
        use = {"id": "1", "type": "function", "function": {"name": "search", "arguments": '{"q": "x"}'}}
        odd = {"id": "2", "type": "function", "function": {"name": "search", "arguments": "no JSON"}}
        asked = {"role": "user", "content": "Question"}
        calls = [
            {"messages": [asked], "text": "", "tool_calls": [use, odd], "finish_reason": "tool_calls"},
            {
                "messages": [
                    *(asked, {"role": "assistant", "content": "", "tool_calls": [use, odd]}),
                    {"role": "tool", "content": "found", "tool_call_id": "1"},
                ],
                "text": "Paris",
                "thinking": "So it is.",
                "finish_reason": "length",
                "cached": True,
            },
        ]
        ours = entries(await written("inspect", [row("q", 0, calls=calls)]))["samples/q_epoch_1.json"]
        assert [one["role"] for one in ours["messages"]] == ["user", "assistant", "tool", "assistant"]
        used, broken = ours["messages"][1]["tool_calls"]
        assert (used["function"], used["arguments"]) == ("search", {"q": "x"})
        assert (broken["arguments"], broken["parse_error"]) == ({}, "no JSON")
        assert ours["messages"][3]["content"][0] == {"type": "reasoning", "reasoning": "So it is."}
        assert ours["output"]["choices"][0]["stop_reason"] == "max_tokens"
        assert [one.get("cache") for one in ours["events"]] == [None, "read"]

    async def test_choices_of_an_imported_one(self) -> None:
        made = [row("q", 0, metadata={"choices": ["Paris", "Lyon"], "topic": "geo"})]
        sample = entries(await written("inspect", made))["samples/q_epoch_1.json"]
        assert (sample["choices"], sample["metadata"]) == (["Paris", "Lyon"], {"topic": "geo"})


class TestLmEval:
    async def test_it_has_the_form_of_real_files(self) -> None:
        ours = entries(await written("lm-eval", [row("q", 0), row("q", 1), row("r", 0, error="no")]))
        [samples, results] = ours
        assert samples == "gpt-4o/samples_quiz_2026-11-28T16-20-39.000000.jsonl"
        assert results == "gpt-4o/results_2026-11-28T16-20-39.000000.json"
        real = json.loads((FOLDER / "lm-eval" / "results_2026-11-28T13-05-11.471680.json").read_text())
        versions = {"pretty_env_info", "transformers_version", "lm_eval_version", "upper_git_hash"}
        unknown = {"system_instruction_sha", "fewshot_as_multiturn", "chat_template_sha"}
        assert set(real) - set(ours[results]) == versions | unknown
        assert set(ours[results]) - set(real) == {"llmforge"}
        [line] = next((FOLDER / "lm-eval").glob("samples_trivia_local_*")).read_text().splitlines()[:1]
        lines = [json.loads(one) for one in ours[samples].splitlines()]
        assert set(lines[0]) - set(json.loads(line)) == {"llmforge"}
        assert not set(json.loads(line)) - set(lines[0])
        assert [(one["doc_id"], one["filter"], one["exact_match"]) for one in lines] == [
            (0, "none", 1.0), (0, "none", 1.0), (1, "none", None),
        ]  # fmt: skip
        assert (lines[2]["resps"], lines[2]["error"]) == ([[None]], "no")

    async def test_the_mean_is_over_answers_and_its_error_over_questions(self) -> None:
        values = {"a": [1.0, 1.0], "b": [0.0, 1.0], "c": [0.0]}
        rows = [
            row(key, repeat, scores={"exact_match": value})
            for key, each in values.items()
            for repeat, value in enumerate(each)
        ]
        [_, results] = entries(await written("lm-eval", rows)).values()
        found = results["results"]["quiz"]
        assert found["exact_match,none"] == pytest.approx(3 / 5)
        squares = sum((sum(each) - len(each) * 0.6) ** 2 for each in values.values())
        assert found["exact_match_stderr,none"] == pytest.approx(math.sqrt(squares * 3 / 2) / 5)
        assert found["sample_len"] == 3

    async def test_a_score_that_is_called_as_a_field(self) -> None:
        provenance = {**experiment().provenance, "scorers": {"doc": 1}}
        made = [row("q", 0, scores={"doc": 0.5})]
        [samples, _] = entries(await written("lm-eval", made, experiment(provenance=provenance))).values()
        assert json.loads(samples)["llmforge.doc"] == 0.5

    @pytest.mark.parametrize("model", ["openai/a/b", 'x/../"c"', "x/..", "local"])
    async def test_the_folder_is_one_folder(self, model: str) -> None:
        for name in entries(await written("lm-eval", [row("q", 0)], experiment(model=model))):
            folder, _, file = name.partition("/")
            assert folder.strip(".")
            assert "/" not in file


class TestPromptfoo:
    async def test_it_has_the_form_of_a_real_file(self) -> None:
        ours = json.loads(await written("promptfoo", [row("q", 0), row("q", 1, error="no")]))
        real = json.loads((FOLDER / "promptfoo.json").read_text())
        assert set(ours["results"]) == set(real["results"])
        assert set(ours["results"]["stats"]) <= set(real["results"]["stats"])
        [prompt] = ours["results"]["prompts"]
        assert set(prompt) == set(real["results"]["prompts"][0])
        assert set(prompt["metrics"]) <= set(real["results"]["prompts"][0]["metrics"])
        for result in ours["results"]["results"]:
            assert set(result) <= set(real["results"]["results"][0])
        assert [one["failureReason"] for one in ours["results"]["results"]] == [0, 2]
        counts = prompt["metrics"]
        assert (counts["testPassCount"], counts["testFailCount"], counts["testErrorCount"]) == (1, 0, 1)

    async def test_nothing_in_it_is_run_again(self) -> None:
        """promptfoo fills in templates of the configuration's tests, prompts and assertions."""
        ours = json.loads(await written("promptfoo", [row("q", 0, question="{{ 7*7 }}", gold=["{{q}}"])]))
        config = ours["config"]
        assert (config["tests"], config["prompts"], config["providers"]) == ([], [], [])
        [result] = ours["results"]["results"]
        assert "assert" not in result["testCase"]
        assert result["vars"] == {"question": "{{ 7*7 }}", "answers": ["{{q}}"]}

    async def test_an_answer_without_a_score_passes_as_a_test_without_assertions(self) -> None:
        ours = json.loads(await written("promptfoo", [row("q", 0, gold=[], scores={"exact_match": None})]))
        [result] = ours["results"]["results"]
        assert (result["success"], result["namedScores"]) == (True, {})
        assert result["gradingResult"]["reason"] == "so"


class TestOpenAiEvals:
    async def test_events(self) -> None:
        rows = [row("q", 0), row("q", 1, scores={"exact_match": 0.0}), row("r", 0, error="no")]
        lines = [json.loads(one) for one in (await written("openai-evals", rows)).splitlines()]
        spec, *events, report = lines
        assert set(spec["spec"]) == {
            "completion_fns", "eval_name", "base_eval", "split", "run_config", "created_by", "run_id",
            "created_at",
        }  # fmt: skip
        fields = {"run_id", "event_id", "sample_id", "type", "data", "created_by", "created_at"}
        assert all(set(one) == fields for one in events)
        assert [one["event_id"] for one in events] == list(range(7))
        assert [(one["sample_id"], one["type"]) for one in events] == [
            *(("test.0", kind) for kind in ("sampling", "match", "metrics")),
            *(("test.0", kind) for kind in ("sampling", "match", "metrics")),
            ("test.1", "error"),
        ]
        correct = [one["data"]["correct"] for one in events if one["type"] == "match"]
        assert report["final_report"]["accuracy"] == statistics.mean(correct)
        assert report["final_report"]["failed"] == 1

    async def test_one_that_has_not_ended_has_no_report(self) -> None:
        about = experiment(status=ExperimentStatus.RUNNING)
        data = await written("openai-evals", [row("q", 0)], about)
        assert b"final_report" not in data


@given(st.dictionaries(st.integers(), st.lists(st.floats(0, 1), max_size=4), min_size=1, max_size=6))
def test_means(values: dict[int, list[float]]) -> None:
    mean = Mean()
    for each in values.values():
        mean.add(each)
    scored = [each for each in values.values() if each]
    flat = [value for each in scored for value in each]
    assert mean.value == (pytest.approx(statistics.mean(flat)) if flat else None)
    if len(scored) < 2:
        assert mean.error is None
        assert mean.error_of_questions is None
        return
    means = [statistics.mean(each) for each in scored]
    assert mean.of_questions == pytest.approx(statistics.mean(means))
    error = statistics.stdev(means) / math.sqrt(len(means))
    assert mean.error_of_questions == pytest.approx(error, abs=1e-7)
    centre = statistics.mean(flat)
    squares = sum((sum(each) - len(each) * centre) ** 2 for each in scored)
    error = math.sqrt(squares * len(scored) / (len(scored) - 1)) / len(flat)
    assert mean.error == pytest.approx(error, abs=1e-7)


def test_names_are_never_the_same_twice() -> None:
    names = ["exact_match", "inspect.exact_match", "doc", "lm-eval.doc"]
    for harness in ("inspect", "lm-eval", "promptfoo"):
        known = ScoreNames(harness, names, ("doc",))
        assert len(set(map(known.of, names))) == len(names)


@pytest.mark.parametrize("fmt", LOG_FORMATS)
async def test_what_was_written_is_not_kept(fmt: LogFormat) -> None:
    """Of a run of 10,000 bytes there stays, in any format, no more than its entry in the list of a zip."""

    async def rows(count: int) -> AsyncGenerator[list[dict[str, Any]]]:
        for number in range(count):
            yield [row(f"q{number}", 0, output="long" * 2_500, run_id=number)]

    async def peak(count: int) -> int:
        tracemalloc.start()
        async for _ in LOG_FORMATS[fmt].write(experiment(), by_question(rows(count))):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    await peak(1)  # what is made once
    assert await peak(300) - await peak(50) < 250 * 1_000
