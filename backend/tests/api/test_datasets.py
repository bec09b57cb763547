"""Tests of the routes of datasets."""

import errno
import tempfile
from typing import Any

import httpx
import orjson
import pytest

from tests.api.conftest import DATASETS, EXPERIMENTS, Steps, body, problem
from tests.factories import questions_jsonl
from tests.published_files import BEIR, HOTPOTQA


async def upload(
    api: httpx.AsyncClient, content: bytes, filename: str = "a.jsonl", **form: str
) -> httpx.Response:
    return await api.post(DATASETS, data={"name": "new", **form}, files={"file": (filename, content)})


class TestAdd:
    async def test_jsonl(self, api: httpx.AsyncClient) -> None:
        response = await upload(api, questions_jsonl(3), "mine.jsonl", scoring="hotpotqa")
        assert response.status_code == 201
        added = response.json()
        assert (added["name"], added["size"], added["created"]) == ("new", 3, True)
        assert (added["scoring"], added["source"]) == ("hotpotqa", "mine.jsonl")
        assert len(added["version"]) == 16

    async def test_csv_is_the_same_dataset(self, api: httpx.AsyncClient) -> None:
        rows = "".join(f"What is item {i} of quiz?,thing {i}\r\n" for i in range(3))
        first = (await upload(api, questions_jsonl(3))).json()
        second = (await upload(api, f"question,answer\r\n{rows}".encode(), "a.csv")).json()
        assert (second["id"], second["created"]) == (first["id"], False)

    async def test_same_content_again(self, api: httpx.AsyncClient) -> None:
        first, again = [(await upload(api, questions_jsonl(3))).json() for _ in range(2)]
        assert (first["created"], again["created"]) == (True, False)
        assert first["id"] == again["id"]
        assert len((await api.get(DATASETS)).json()) == 1

    async def test_new_content_is_a_new_version(self, api: httpx.AsyncClient) -> None:
        first = (await upload(api, questions_jsonl(3))).json()
        second = (await upload(api, questions_jsonl(4))).json()
        assert first["version"] != second["version"]
        assert (await api.get(f"{DATASETS}/new")).json()["version"] == second["version"]
        old = (await api.get(f"{DATASETS}/new", params={"version": first["version"]})).json()
        assert old["size"] == 3

    async def test_other_scoring_is_a_new_version(self, api: httpx.AsyncClient) -> None:
        first = (await upload(api, questions_jsonl(3))).json()
        second = (await upload(api, questions_jsonl(3), scoring="triviaqa")).json()
        assert second["created"]
        assert first["version"] != second["version"]

    async def test_larger_than_a_json_body_may_be(self, api: httpx.AsyncClient) -> None:
        content = questions_jsonl(50, "x" * 40_000)
        assert len(content) > 1_900_000
        assert (await upload(api, content)).json()["size"] == 50

    async def test_a_disk_without_room_is_named(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_: object, __: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(tempfile.SpooledTemporaryFile, "write", full)
        error = problem(await upload(api, questions_jsonl(3)), 503)
        assert error["message"] == "The server's disk has no room for this upload; nothing was imported."

    async def test_wrong_lines(self, api: httpx.AsyncClient) -> None:
        content = (
            b'{"question": "q", "answer": "a"}\n{"question": "q"}\nnonsense\n{"question": "", "answer": 1}'
        )
        error = problem(await upload(api, content, "bad.jsonl"), 422)
        assert error["message"] == "bad.jsonl has 3 wrong lines; nothing was imported."
        assert [field["field"] for field in error["errors"]] == ["line 2", "line 3", "line 4"]
        assert (await api.get(DATASETS)).json() == []

    async def test_columns_and_warnings(self, api: httpx.AsyncClient) -> None:
        content = "sep=;\r\nFrage;Antwort\r\nq;b\r\nq;c\r\n".encode("utf-16")
        form = {"name": "new", "map": ["question=Frage", "answer=Antwort"]}
        response = await api.post(DATASETS, data=form, files={"file": ("a.csv", content)})
        assert response.status_code == 201, response.text
        assert response.json()["warnings"] == [
            "1 question is there more than once, with different answers: lines 3, 4."
        ]

    async def test_wrong_map(self, api: httpx.AsyncClient) -> None:
        error = problem(await upload(api, b"question,answer\nq,a", "a.csv", map="gold=x"), 422)
        assert [field["field"] for field in error["errors"]] == ["map"]

    async def test_columns_of_a_file(self, api: httpx.AsyncClient) -> None:
        files = {"file": ("a.csv", b"Question;gold;note\nq;b;\n")}
        response = await api.post(f"{DATASETS}/columns", files=files)
        assert response.json() == {
            "columns": [
                {"name": "Question", "values": ["q"]},
                {"name": "gold", "values": ["b"]},
                {"name": "note", "values": []},
            ],
            "fields": {"question": "Question", "answer": "gold"},
            "published": False,
        }
        assert (await api.get(DATASETS)).json() == []


class TestPublished:
    async def test_beir_folder(self, api: httpx.AsyncClient) -> None:
        files = [("files", (f"small/{name}", data)) for name, data in BEIR.items()]
        response = await api.post(DATASETS, data={"name": "new"}, files=files)
        assert response.status_code == 201, response.text
        added = response.json()
        assert (added["size"], added["scoring"], added["source"]) == (3, "squad", "small")
        items = (await api.get(f"{DATASETS}/new/examples")).json()["items"]
        assert [item["metadata"]["supporting"] for item in items] == [["d1"], ["d2", "d1"], ["d3"]]

    async def test_folder_with_a_file_missing(self, api: httpx.AsyncClient) -> None:
        files = [("files", (name, data)) for name, data in BEIR.items() if name != "qrels/test.tsv"]
        error = problem(await api.post(DATASETS, data={"name": "new"}, files=files), 422)
        assert "qrels/test.tsv" in error["message"]

    async def test_one_file_in_either_field(self, api: httpx.AsyncClient) -> None:
        first = (await upload(api, questions_jsonl(3))).json()
        files = [("files", ("folder/a.jsonl", questions_jsonl(3)))]
        second = (await api.post(DATASETS, data={"name": "new"}, files=files)).json()
        assert (second["id"], second["source"]) == (first["id"], "a.jsonl")

    async def test_no_file(self, api: httpx.AsyncClient) -> None:
        error = problem(await api.post(DATASETS, data={"name": "new"}), 422)
        assert [field["field"] for field in error["errors"]] == ["file"]

    @pytest.mark.parametrize(("given", "scoring"), [({}, "hotpotqa"), ({"scoring": "squad"}, "squad")])
    async def test_scoring_follows_from_the_format(
        self, api: httpx.AsyncClient, given: dict[str, str], scoring: str
    ) -> None:
        added = (await upload(api, orjson.dumps(HOTPOTQA), "hotpot.json", **given)).json()
        assert (added["size"], added["scoring"], added["description"]) == (2, scoring, "HotpotQA.")

    async def test_wrong_item(self, api: httpx.AsyncClient) -> None:
        error = problem(await upload(api, orjson.dumps([*HOTPOTQA, {}]), "bad.json"), 422)
        assert error["message"] == "bad.json has 1 wrong item; nothing was imported."
        assert [field["field"] for field in error["errors"]] == ["item 3"]


class TestGet:
    async def test_list_is_by_name_newest_first(self, api: httpx.AsyncClient) -> None:
        for name, size in (("b", 1), ("a", 1), ("b", 2)):
            await upload(api, questions_jsonl(size), name=name)
        listed = (await api.get(DATASETS)).json()
        assert [(item["name"], item["size"]) for item in listed] == [("a", 1), ("b", 2), ("b", 1)]

    @pytest.mark.parametrize("path", ["nothing", "nothing/examples", "quiz?version=ffff"])
    async def test_not_there(self, steps: Steps, path: str) -> None:
        assert problem(await steps.api.get(f"{DATASETS}/{path}"), 404)["hint"]


class TestExamples:
    @pytest.mark.parametrize("limit", [1, 7, 20, 500])
    async def test_pages_lose_and_double_nothing(self, steps: Steps, limit: int) -> None:
        seen: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            page = await steps.get(f"{DATASETS}/quiz/examples", limit=limit, **more)
            assert page["total"] == 20
            seen += page["items"]
            if page["next"] is None:
                break
            more = {"cursor": page["next"]}
        assert [item["position"] for item in seen] == list(range(20))
        assert [item["answers"] for item in seen] == [[f"thing {i}"] for i in range(20)]

    async def test_of_a_version(self, steps: Steps) -> None:
        version = (await steps.get(f"{DATASETS}/quiz"))["version"]
        await upload(steps.api, questions_jsonl(2), name="quiz")
        assert (await steps.get(f"{DATASETS}/quiz/examples"))["total"] == 2
        assert (await steps.get(f"{DATASETS}/quiz/examples", version=version))["total"] == 20

    async def test_beyond_the_end(self, steps: Steps) -> None:
        page = await steps.get(f"{DATASETS}/quiz/examples", cursor=19)
        assert (page["items"], page["next"]) == ([], None)

    async def test_metadata_and_cluster(self, api: httpx.AsyncClient) -> None:
        row = b'{"id": 7, "question": "q", "answers": ["a", 2], "cluster": "c", "topic": "t", "n": [1, null]}'
        await upload(api, row)
        item = (await api.get(f"{DATASETS}/new/examples")).json()["items"][0]
        assert (item["key"], item["cluster"], item["answers"]) == ("7", "c", ["a", "2"])
        assert item["metadata"] == {"topic": "t", "n": [1, None]}


class TestUse:
    async def test_experiments_keep_their_version(self, steps: Steps) -> None:
        before = await steps.create()
        await upload(steps.api, questions_jsonl(2), name="quiz")
        after = await steps.api.post(EXPERIMENTS, json=body())
        assert after.json()["total"] == 2
        assert (await steps.get(f"{EXPERIMENTS}/{before}"))["total"] == 20
        assert await steps.work(before) is None  # not started
        await steps.start(before)
        assert await steps.work(before) == "COMPLETED"
        assert (await steps.get(f"{EXPERIMENTS}/{before}"))["scores"]["exact_match"]["n"] == 20
