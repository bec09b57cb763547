"""What is wrong with a request is a 4xx that names the field and says what to do, never a 500."""

import base64
import json
import string
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.schemas.experiment_config import ExperimentConfig
from tests.api.conftest import DATASETS, EXPERIMENTS, RESULTS, Steps, body, problem
from tests.factories import properties

UUID = "00000000-0000-4000-8000-000000000000"
JSON = {"content-type": "application/json"}
HUGE = 10**400

BAD_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"modell": "mock/echo"}, "config.modell"),
    ({"params": {"temprature": 1}}, "config.params.temprature"),
    ({"api_key": "sk-something"}, "config.api_key"),
    ({"base_url": "http://127.0.0.1:1"}, "config.base_url"),
    ({"name": 5}, "config.name"),
    ({"name": ""}, "config.name"),
    ({"name": "x" * 201}, "config.name"),
    ({"name": "nul \0"}, "config.name"),
    ({"name": "\ud800"}, "config.name"),
    ({"description": ["a"]}, "config.description"),
    ({"method": {"name": "telepathy"}}, "config.method.name"),
    ({"method": {"name": "naive", "template": "no place"}}, "config.method.template"),
    ({"method": {"name": "naive", "template": "{question} {os}"}}, "config.method.template"),
    ({"method": {"name": "cot", "template": "no place"}}, "config.method.template"),
    ({"method": {"name": "cot", "shots": 6}}, "config.method.shots"),
    ({"method": {"name": "cot", "samples": 3}}, "config.method.samples"),
    ({"method": {"name": "naive", "samples": 3}}, "config.method.samples"),
    ({"method": "cot"}, "config.method"),
    ({"dataset": "quiz"}, "config.dataset"),
    ({"dataset": {}}, "config.dataset.name"),
    ({"dataset": {"name": "quiz", "n": 0}}, "config.dataset.n"),
    ({"dataset": {"name": "quiz", "n": 2.5}}, "config.dataset.n"),
    ({"dataset": {"name": "quiz", "n": HUGE}}, "config.dataset.n"),
    ({"dataset": {"name": "quiz", "version": "\0"}}, "config.dataset.version"),
    ({"params": {"temperature": -0.1}}, "config.params.temperature"),
    ({"params": {"temperature": "hot"}}, "config.params.temperature"),
    ({"params": {"temperature": float("nan")}}, "config.params.temperature"),
    ({"params": {"temperature": float("inf")}}, "config.params.temperature"),
    ({"params": {"max_tokens": 0}}, "config.params.max_tokens"),
    ({"params": {"max_tokens": HUGE}}, "config.params.max_tokens"),
    ({"params": {"top_p": 0}}, "config.params.top_p"),
    ({"params": {"stop": ["a"] * 5}}, "config.params.stop"),
    ({"params": {"stop": [""]}}, "config.params.stop.0"),
    ({"params": {"stop": ["\0"]}}, "config.params.stop.0"),
    ({"seed": -1}, "config.seed"),
    ({"seed": 2**31}, "config.seed"),
    ({"repeats": 0}, "config.repeats"),
    ({"concurrency": 0}, "config.concurrency"),
    ({"concurrency": HUGE}, "config.concurrency"),
    ({"timeout_s": 0}, "config.timeout_s"),
    ({"timeout_s": float("nan")}, "config.timeout_s"),
    ({"max_failed_share": 1.1}, "config.max_failed_share"),
    ({"max_failed_share": float("nan")}, "config.max_failed_share"),
    ({"cache": "perhaps"}, "config.cache"),
    # Texts and booleans are no numbers, and neither are booleans.
    ({"seed": "5"}, "config.seed"),
    ({"seed": True}, "config.seed"),
    ({"repeats": True}, "config.repeats"),
    ({"timeout_s": "60"}, "config.timeout_s"),
    ({"dataset": {"name": "quiz", "n": True}}, "config.dataset.n"),
    ({"params": {"temperature": "0.5"}}, "config.params.temperature"),
    ({"method": {"name": "rag", "chunk_overlap": False}}, "config.method.chunk_overlap"),
    ({"method": {"name": "rag", "similarity_floor": "0"}}, "config.method.similarity_floor"),
    ({"method": {"name": "react", "max_iterations": "3"}}, "config.method.max_iterations"),
    ({"cache": "no"}, "config.cache"),
    # Known only to the services:
    ({"dataset": {"name": "nowhere"}}, "dataset.name"),
    ({"dataset": {"name": "../quiz"}}, "dataset.name"),
    ({"dataset": {"name": "quiz", "version": "ffffffff"}}, "dataset.name"),
    ({"dataset": {"name": "quiz", "n": 21}}, "dataset.n"),
    ({"model": "nobody/nothing"}, "model"),
    ({"model": "local/nothing"}, "model"),
    ({"model": "local/../../etc/passwd"}, "model"),
    ({"model": "mock/telepathy"}, "model"),
    ({"model": "mock/echo?latency_ms=soon"}, "model"),
]


def _named(case: dict[str, Any], error: dict[str, Any]) -> list[str]:
    assert error["code"] == "invalid_input", case
    assert error["hint"], case
    assert all(field["message"] for field in error["errors"]), case
    return [field["field"] for field in error["errors"]]


class TestCreate:
    async def test_each_wrong_field_is_named(self, steps: Steps) -> None:
        for fields, where in BAD_FIELDS:
            response = await steps.api.post(EXPERIMENTS, content=json.dumps(body(**fields)), headers=JSON)
            error = problem(response, 422)
            named = _named(fields, error)
            assert any(field.startswith(where) or where.endswith(field) for field in named), (where, error)
        assert (await steps.get(EXPERIMENTS))["total"] == 0

    async def test_all_wrong_fields_at_once(self, steps: Steps) -> None:
        response = await steps.api.post(EXPERIMENTS, json=body(seed=-1, repeats=0, nonsense=1))
        named = _named({}, problem(response, 422))
        assert set(named) == {"config.seed", "config.repeats", "config.nonsense"}

    async def test_what_there_is_instead(self, steps: Steps) -> None:
        error = problem(await steps.api.post(EXPERIMENTS, json=body(dataset={"name": "quizz"})), 422)
        assert "There are: quiz." in error["hint"]
        error = problem(await steps.api.post(EXPERIMENTS, json=body(model="nobody/x")), 422)
        assert "openai" in error["hint"]
        error = problem(await steps.api.post(EXPERIMENTS, json=body(dataset={"name": "quiz", "n": 21})), 422)
        assert "20" in error["hint"]

    async def test_too_many_runs(self, steps: Steps) -> None:
        async with steps.runtime.engine.begin() as connection:
            await connection.exec_driver_sql("update datasets set size = 100000")
        error = problem(await steps.api.post(EXPERIMENTS, json=body(repeats=11)), 422)
        assert error["errors"][0]["field"] == "repeats"

    async def test_body_that_cannot_be_read(self, steps: Steps) -> None:
        table: list[tuple[bytes, int]] = [
            (b"", 422),
            (b"{", 422),
            (b'{"config": }', 422),
            (b"not json", 422),
            (b"[]", 422),
            (b"null", 422),
            (b'"text"', 422),
            (b"\xff\xfe{}", 422),
            (b'{"config": "\xff"}', 400),
            (b"[" * 100_000, 400),
            (b'{"config": ' + b"9" * 5_000 + b"}", 400),
            (b'{"config": {"\\ud800": 1}}', 422),
            (b'{"\\u0000": 1}', 422),
        ]
        for content, status in table:
            response = await steps.api.post(EXPERIMENTS, content=content, headers=JSON)
            error = problem(response, status)
            assert error["hint"], content[:40]
            assert error["errors"][0]["field"], content[:40]

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
    )
    async def test_other_content_type(self, steps: Steps, kind: str) -> None:
        # A page of any origin may send these without asking first.
        content = json.dumps(body())
        response = await steps.api.post(EXPERIMENTS, content=content, headers={"content-type": kind})
        problem(response, 422)


class TestSize:
    async def test_announced(self, steps: Steps) -> None:
        content = json.dumps(body(description="x" * 10_000_000))
        error = problem(await steps.api.post(EXPERIMENTS, content=content, headers=JSON), 413)
        assert "1 MB" in error["message"]
        assert "LLMFORGE_MAX_BODY_MB" in error["hint"]
        assert error["errors"][0]["field"] == "body"

    async def test_in_chunks(self, steps: Steps) -> None:
        sent = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal sent
            yield b'{"config": "'
            for _ in range(150):
                sent += 1
                yield b"x" * 10_000

        error = problem(await steps.api.post(EXPERIMENTS, content=chunks(), headers=JSON), 413)
        assert error["code"] == "too_large"
        assert sent > 0

    async def test_just_below_the_limit_is_read(self, steps: Steps) -> None:
        content = json.dumps(body(description="x" * 900_000))
        error = problem(await steps.api.post(EXPERIMENTS, content=content, headers=JSON), 422)
        assert error["errors"][0]["field"] == "config.description"


PATHS: list[tuple[str, str, int]] = [
    ("GET", f"{EXPERIMENTS}/no-uuid", 422),
    ("GET", f"{EXPERIMENTS}/{UUID}x", 422),
    ("GET", f"{EXPERIMENTS}/%00", 422),
    ("GET", f"{EXPERIMENTS}/..%2f..%2fetc%2fpasswd", 404),
    ("GET", f"{EXPERIMENTS}/{UUID}/nothing", 404),
    ("DELETE", f"{EXPERIMENTS}/no-uuid", 422),
    ("POST", f"{EXPERIMENTS}/no-uuid/run", 422),
    ("GET", f"{EXPERIMENTS}/no-uuid/events", 422),
    ("PUT", f"{EXPERIMENTS}/{UUID}", 405),
    ("GET", f"{EXPERIMENTS}?sort=secret", 422),
    ("GET", f"{EXPERIMENTS}?sort=--name", 422),
    ("GET", f"{EXPERIMENTS}?status=DONE", 422),
    ("GET", f"{EXPERIMENTS}?limit=0", 422),
    ("GET", f"{EXPERIMENTS}?limit=201", 422),
    ("GET", f"{EXPERIMENTS}?limit=many", 422),
    ("GET", f"{EXPERIMENTS}?offset=-1", 422),
    ("GET", f"{EXPERIMENTS}?offset={HUGE}", 422),
    ("GET", f"{EXPERIMENTS}?text=%00", 422),
    ("GET", f"{EXPERIMENTS}?text={'x' * 201}", 422),
    ("GET", f"{EXPERIMENTS}?model=%00", 422),
    ("GET", f"{EXPERIMENTS}?method=%00", 422),
    ("GET", f"{EXPERIMENTS}?dataset=%00", 422),
    ("GET", f"{RESULTS}/no-uuid", 422),
    ("GET", f"{RESULTS}/compare", 422),
    ("GET", f"{RESULTS}/compare?ids=no-uuid", 422),
    ("GET", f"{RESULTS}/{UUID}/runs?filter=best", 422),
    ("GET", f"{RESULTS}/{UUID}/runs?limit=501", 422),
    ("GET", f"{RESULTS}/{UUID}/runs/0", 422),
    ("GET", f"{RESULTS}/{UUID}/runs/{2**63}", 422),
    ("GET", f"{RESULTS}/{UUID}/runs/{2**63 - 1}", 404),
    ("GET", f"{RESULTS}/{UUID}/runs/one", 422),
    ("GET", f"{RESULTS}/{UUID}/export?format=exe", 422),
    ("GET", f"{DATASETS}/%00", 422),
    ("GET", f"{DATASETS}/nothing", 404),
    ("GET", f"{DATASETS}/..%2f..%2fmodels", 404),
    ("GET", f"{DATASETS}/quiz?version=%00", 422),
    ("GET", f"{DATASETS}/quiz?version=%25", 404),
    ("GET", f"{DATASETS}/quiz/examples?cursor={2**31}", 422),
    ("GET", f"{DATASETS}/quiz/examples?cursor=-2", 422),
    ("GET", f"{DATASETS}/quiz/examples?cursor=x", 422),
    ("GET", f"{DATASETS}/quiz/examples?limit=501", 422),
    ("GET", "/api/v1/nothing", 404),
    ("GET", "/../../etc/passwd", 404),
]


class TestPaths:
    async def test_each_is_refused(self, steps: Steps) -> None:
        for method, path, status in PATHS:
            response = await steps.api.request(method, path)
            error = problem(response, status)
            if status == 422:
                assert _named({"path": path}, error), path

    @pytest.mark.parametrize("key", ["secret", "calls", "-", "id; drop table runs"])
    async def test_runs_by_an_unknown_key(self, steps: Steps, key: str) -> None:
        experiment_id = await steps.create()
        response = await steps.api.get(f"{RESULTS}/{experiment_id}/runs", params={"sort": key})
        error = problem(response, 422)
        assert error["errors"][0]["field"] == "sort"
        assert "latency_ms" in error["hint"]

    async def test_cursor_that_is_none_of_ours(self, steps: Steps) -> None:
        experiment_id = await steps.create()
        made_for = f"{experiment_id} all order"
        contents = [
            [made_for, None, 2**63],
            [made_for, None, -1],
            [made_for, None, True],
            [made_for, None, "1"],
            [made_for, {}, 1],
            [made_for, "x", 1],
            [made_for, [], 1],
            [made_for],
            5,
            {"a": 1, "b": 2, "c": 3},
        ]
        cursors = ["x", "ü", "%00", "AAAA", "=", "[]", "A" * 500]
        cursors += [base64.urlsafe_b64encode(json.dumps(value).encode()).decode() for value in contents]
        for cursor in cursors:
            response = await steps.api.get(f"{RESULTS}/{experiment_id}/runs", params={"cursor": cursor})
            assert problem(response, 422)["errors"][0]["field"] == "cursor", cursor


UPLOADS: list[tuple[dict[str, str], str, bytes, str]] = [
    ({"name": "Quiz"}, "a.jsonl", b"{}", "name"),
    ({"name": "../quiz"}, "a.jsonl", b"{}", "name"),
    ({"name": "quiz\n"}, "a.jsonl", b"{}", "name"),
    ({"name": "q\0"}, "a.jsonl", b"{}", "name"),
    ({"name": "x" * 101}, "a.jsonl", b"{}", "name"),
    ({"name": "new", "scoring": "guess"}, "a.jsonl", b"{}", "scoring"),
    ({}, "a.jsonl", b"{}", "name"),
    ({"name": "new"}, "a.exe", b"{}", "file"),
    ({"name": "new"}, "a", b"{}", "file"),
    ({"name": "new"}, "a.jsonl", b"", "file"),
    ({"name": "new"}, "a.jsonl", b"\n\n", "file"),
    ({"name": "new"}, "a.jsonl", b'{"question": "q", "answer": "a"}\n\xff', "line 2"),
    ({"name": "new"}, "a.csv", "question,answer\nü,a".encode("latin-1"), "line 2"),
    ({"name": "new"}, "a.jsonl", b'{"question": "q"}', "line 1"),
]


class TestUpload:
    async def test_each_is_refused_and_nothing_stored(self, steps: Steps) -> None:
        for form, filename, content, where in UPLOADS:
            response = await steps.api.post(DATASETS, data=form, files={"file": (filename, content)})
            error = problem(response, 422)
            assert error["errors"][0]["field"] == where, (form, filename, error)
            assert error["hint"] or where == "file", (form, filename)
        assert [dataset["name"] for dataset in await steps.get(DATASETS)] == ["quiz"]

    async def test_no_file(self, steps: Steps) -> None:
        response = await steps.api.post(DATASETS, data={"name": "new"})
        assert problem(response, 422)["errors"][0]["field"] == "file"

    async def test_no_multipart(self, steps: Steps) -> None:
        table = [
            (b"--x--", "multipart/form-data"),
            (b"nonsense", "multipart/form-data; boundary=x"),
            (b"{}", "application/json"),
        ]
        for content, kind in table:
            response = await steps.api.post(DATASETS, content=content, headers={"content-type": kind})
            assert response.status_code in {400, 422}, kind
            assert problem(response, response.status_code)["errors"][0]["field"], kind

    @pytest.mark.parametrize(
        "filename", ["../../etc/passwd.jsonl", "a/b\\c.jsonl", "n\u0001.jsonl", "ü 🙂.JSONL"]
    )
    async def test_file_name_is_a_name_only(self, steps: Steps, filename: str) -> None:
        content = b'{"question": "q", "answer": "a"}'
        response = await steps.api.post(DATASETS, data={"name": "new"}, files={"file": (filename, content)})
        assert response.status_code == 201, response.text
        assert "/" not in response.json()["source"]

    async def test_file_name_with_nul(self, steps: Steps) -> None:
        content = (
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nnew\r\n'
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a\0b.jsonl"\r\n\r\n'
            b'{"question": "q", "answer": "a"}\r\n--x--\r\n'
        )
        headers = {"content-type": "multipart/form-data; boundary=x"}
        response = await steps.api.post(DATASETS, content=content, headers=headers)
        assert response.status_code == 201, response.text
        assert response.json()["source"] == "ab.jsonl"


_texts = st.text(max_size=20) | st.sampled_from(
    ["\0", "\ud800", "{question}", "quiz", "mock/echo", "local/x"]
)
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | _texts | st.just(HUGE)
_anything = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=6,
)
_names = sorted(ExperimentConfig.model_fields)
_near_misses = st.fixed_dictionaries(
    {
        "config": st.dictionaries(st.sampled_from(_names), _anything, max_size=3).map(
            lambda f: body(**f)["config"]
        )
    },
    optional={"parent_id": _anything},
)


class TestFuzz:
    async def test_create_never_crashes(self, steps: Steps) -> None:
        cases: list[Any] = []

        @properties
        @given(_near_misses | _anything)
        def collect(case: Any) -> None:
            cases.append(case)

        collect()
        assert len(cases) >= 50
        for case in cases:
            response = await steps.api.post(EXPERIMENTS, content=json.dumps(case), headers=JSON)
            assert response.status_code in {201, 400, 404, 422}, (case, response.text)
            if response.status_code == 201:
                assert response.json()["config"]["name"]
            else:
                assert problem(response, response.status_code)["message"]

    async def test_queries_never_crash(self, steps: Steps) -> None:
        cases: list[dict[str, str]] = []
        values = st.text(st.sampled_from(string.printable + "\0üß🙂"), max_size=12)
        names = st.sampled_from(["text", "model", "method", "dataset", "status", "sort", "limit", "offset"])

        @properties
        @given(st.dictionaries(names, values, max_size=4))
        def collect(case: dict[str, str]) -> None:
            cases.append(case)

        collect()
        for case in cases:
            response = await steps.api.get(EXPERIMENTS, params=case)
            assert response.status_code in {200, 422}, (case, response.text)


class TestHeaders:
    @pytest.mark.parametrize("origin", ["http://[", "null", "x", "http://", "\x80"])
    async def test_odd_origins(self, steps: Steps, origin: str) -> None:
        headers = httpx.Headers([(b"origin", origin.encode("latin-1"))])
        problem(await steps.api.post(EXPERIMENTS, json=body(), headers=headers), 403)

    @pytest.mark.parametrize("host", ["[", "[::1", "a:b:c", "", "user@localhost@evil"])
    async def test_odd_hosts(self, steps: Steps, host: str) -> None:
        response = await steps.api.get(EXPERIMENTS, headers={"host": host})
        assert response.status_code in {400, 403}
