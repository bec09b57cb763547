"""Bundles: what is written is what the database has, and whatever is changed in one is found."""

import random
import re
import uuid
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.services.bundles import layout
from app.services.bundles.archive import BrokenBundle
from app.services.bundles.service import BundleService, Bundling
from app.services.bundles.verify import Verified, verify
from app.services.execution.executor import Executor
from app.services.runtime import Runtime
from tests.support import create

Files = dict[str, bytes]


async def experiment(runtime: Runtime, name: str, **fields: Any) -> uuid.UUID:
    found = await create(runtime, name=name, **fields)
    await Executor(runtime, found).run()
    return found


async def bundle(runtime: Runtime, folder: Path, ids: Sequence[uuid.UUID], **wanted: Any) -> Path:
    async with runtime.sessions() as session:
        with await BundleService(session, runtime).bundle(Bundling(ids, **wanted)) as file:
            (folder / "bundle.zip").write_bytes(file.read())
    return folder / "bundle.zip"


def read(file: Path) -> Files:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(file: Path, files: Files, *, again: bool = True) -> Path:
    """Write a bundle; ``again``: with the digests of these files, as somebody who forges one would."""
    if again:
        digests = {name: layout.digest_of(one) for name, one in files.items() if name != layout.SUMS}
        files = {**files, layout.SUMS: layout.sums_text(digests).encode()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def differences(parts: Sequence[Verified]) -> list[str]:
    return [f"{one.where}: {one.stated} | {one.found}" for part in parts for one in part.differences]


@pytest.fixture
async def two(runtime: Runtime, dataset: str, tmp_path: Path) -> Path:
    """A bundle of two experiments, of which one failed at times, with repeats."""
    ids = [
        await experiment(runtime, "Two: all", repeats=2),
        await experiment(runtime, "Two: half", repeats=2, model="mock/gold?accuracy=0.5"),
    ]
    return await bundle(runtime, tmp_path, ids)


async def test_a_bundle_says_what_its_runs_say(two: Path) -> None:
    parts = await verify(two)
    assert differences(parts) == []
    files, first, second, comparison = parts
    assert (first.name, first.runs, first.scores) == ("Two: all", 40, 3 * 40)
    assert second.numbers > 50
    assert comparison.numbers > 100
    assert files.files == len(read(two)) - 1
    names = read(two)
    assert len([name for name in names if name.startswith("datasets/")]) == 1  # both asked the same
    assert b"sqlalchemy==" in names[layout.PACKAGES].lower()


def numbers(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all numbers in a value of JSON."""
    if isinstance(value, dict):
        return [one for key, inner in value.items() for one in numbers(inner, (*path, key))]
    if isinstance(value, list):
        return [one for place, inner in enumerate(value) for one in numbers(inner, (*path, place))]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return [path] if is_number else []


def changed(content: bytes, path: tuple[Any, ...]) -> bytes:
    """Return JSON in which the number at ``path`` is another one."""
    found = orjson.loads(content)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] += 1
    return orjson.dumps(found)


@pytest.mark.parametrize("name", ["experiments/02/result.json", "comparison.json"])
async def test_a_forged_number_is_found_though_its_digest_is_right(two: Path, name: str) -> None:
    files = read(two)
    paths = numbers(orjson.loads(files[name]))
    for path in random.Random(name).sample(paths, 12):
        forged = write(two, {**files, name: changed(files[name], path)})
        (found,) = [one for part in await verify(forged) for one in part.differences]
        assert str(path[-1]) in found.where, path


async def test_a_changed_digit_is_found_wherever_it_is(two: Path) -> None:
    files = read(two)
    chance = random.Random(0)
    for name, content in files.items():
        places = [found.start() for found in re.finditer(rb"[0-9]", content)]
        if not places:
            continue
        place = chance.choice(places)
        digit = str((int(content[place : place + 1]) + 1) % 10).encode()
        other = content[:place] + digit + content[place + 1 :]
        damaged = write(two, {**files, name: other}, again=False)
        try:
            assert differences(await verify(damaged)), name
        except BrokenBundle:
            assert name in {layout.MANIFEST, layout.SUMS}, name  # refused as a whole


def forged_run(line: dict[str, Any]) -> dict[str, Any]:
    """Return a run that was wrong as one that was right, consistently."""
    scores = {name: {**score, "value": 1.0} for name, score in line["scores"].items()}
    return {**line, "scores": scores, "exact_match": 1.0, "contains": 1.0, "f1": 1.0}


def longer_run(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "completion_tokens": line["completion_tokens"] + 100}


@pytest.mark.parametrize(
    ("forge", "where"), [(forged_run, "scores.exact_match: 1.0 | 0.0"), (longer_run, "tokens.completion")]
)
async def test_a_forged_run_is_found(
    two: Path, forge: Callable[[dict[str, Any]], dict[str, Any]], where: str
) -> None:
    files, name = read(two), f"experiments/02/{layout.RUNS}"
    lines = [orjson.loads(line) for line in files[name].splitlines()]
    place = next(place for place, line in enumerate(lines) if line["exact_match"] == 0.0)
    lines[place] = forge(lines[place])
    forged = write(two, {**files, name: b"\n".join(map(orjson.dumps, lines))})
    assert any(where in one for one in differences(await verify(forged)))


async def test_a_forged_question_is_found(two: Path) -> None:
    files = read(two)
    (name,) = [one for one in files if one.startswith("datasets/")]
    forged = write(two, {**files, name: files[name].replace(b"thing 3", b"nothing", 1)})
    assert any("content_hash" in one for one in differences(await verify(forged)))


async def test_files_that_come_and_go_are_found(two: Path) -> None:
    files = read(two)
    more = write(two, {**files, "more.txt": b""}, again=False)
    assert differences(await verify(more)) == [f"SHA256SUMS: more.txt: nothing | {layout.digest_of(b'')}"]
    fewer = write(two, {name: one for name, one in files.items() if name != layout.PACKAGES}, again=False)
    assert differences(await verify(fewer))[0].endswith(" | nothing")


async def test_without_the_questions(runtime: Runtime, dataset: str, tmp_path: Path) -> None:
    ids = [await experiment(runtime, name) for name in "xy"]
    file = await bundle(runtime, tmp_path, ids, with_dataset=False)
    texts = b"".join(content for name, content in read(file).items() if name != layout.README)
    assert b"What is item" not in texts
    parts = await verify(file)
    assert differences(parts) == []
    assert parts[1].scores == 0
    assert parts[1].taken == ["Scores are taken as stated: the questions were left out."]


BROKEN = {
    "text": b"no archive",
    "empty": b"",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
async def test_what_is_no_bundle_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "some.zip"
    file.write_bytes(content)
    with pytest.raises(BrokenBundle, match="is no bundle, or is damaged"):
        await verify(file)


async def test_broken_bundles_are_refused(two: Path, tmp_path: Path) -> None:
    files, whole = read(two), two.read_bytes()
    refused: list[tuple[str, Files]] = [
        ("has no manifest.json", {name: one for name, one in files.items() if name != layout.MANIFEST}),
        ("of format 2", {**files, layout.MANIFEST: changed(files[layout.MANIFEST], ("format",))}),
        ("not that of a bundle", {**files, layout.MANIFEST: b"{}"}),
        ("damaged", {**files, f"experiments/01/{layout.RUNS}": b'{"status": 1}\n'}),
        ("no object of JSON", {**files, f"experiments/01/{layout.RUNS}": b"[1]\n"}),
        ("is no digest", {**files, layout.SUMS: b"../../etc\n"}),
    ]
    for message, there in refused:
        write(tmp_path / "other.zip", there, again=layout.SUMS in there and message != "is no digest")
        with pytest.raises(BrokenBundle, match=message):
            await verify(tmp_path / "other.zip")
    for length in range(0, len(whole), len(whole) // 7):
        (tmp_path / "cut.zip").write_bytes(whole[:length])
        with pytest.raises(BrokenBundle):
            await verify(tmp_path / "cut.zip")
    with pytest.raises(BrokenBundle, match="There is no file"):
        await verify(tmp_path / "none.zip")
