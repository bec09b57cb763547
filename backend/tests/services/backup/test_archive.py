"""The file of a backup: whatever is cut off or changed in it is noticed before it is used."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.services.backup.archive import FORMAT, Archive, BackupError, Manifest, Write, writing

ROWS = b"1\tone\n2\ttwo\n" * 20


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    async def copy(write: Write) -> int:
        for start in range(0, len(ROWS), 50):
            await write(ROWS[start : start + 50])
        return 40

    path = tmp_path / "small.zip"
    with writing(path) as archive:
        entry = await archive.add_table("runs", ("id", "name"), copy)
        archive.finish(
            Manifest(
                format=FORMAT,
                program="LlmForge 1",
                created_at=datetime(2026, 1, 2, tzinfo=UTC),
                revision="0001",
                postgres="16",
                tables=(entry,),
                not_included=(),
            )
        )
    return path


def read(path: Path) -> tuple[Manifest, bytes]:
    """Return the manifest and the only table's text, as a restore would take them."""
    with Archive(path) as archive:
        archive.verify()
        return archive.manifest, b"".join(archive.pieces(archive.manifest.tables[0]))


def test_whole(file: Path) -> None:
    manifest, rows = read(file)
    assert (manifest.rows, manifest.tables[0].size, rows) == (40, len(ROWS), ROWS)


def test_cut_off_anywhere(file: Path) -> None:
    data = file.read_bytes()
    for length in range(len(data)):
        file.write_bytes(data[:length])
        with pytest.raises(BackupError):
            read(file)


def test_one_bit_changed_anywhere(file: Path) -> None:
    data, whole = file.read_bytes(), read(file)
    refused = 0
    for place in range(len(data)):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        try:
            assert read(file) == whole  # a date within the ZIP, for example
        except BackupError:
            refused += 1
    assert refused > len(data) / 2
