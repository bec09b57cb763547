"""Tests of which uploads are imported by a process of their own."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from app.services.imports.process import LARGE, Upload, are_large


def upload(data: bytes) -> Upload:
    return Upload("a", io.BytesIO(data), len(data))


def workbook(rows: int) -> bytes:
    book, out = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in range(rows):
        book.active.append([f"question {row}", "answer"])
    book.save(out)
    return out.getvalue()


def unpacked(size: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", b"0" * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "large"),
    [
        (b"{}" * 50, False),
        (b"x" * LARGE, False),
        (b"x" * (LARGE + 1), True),
        (workbook(50), False),
        (unpacked(20_000_000), True),  # 20 kB as a file
        (b"PK\x03\x04 no archive", False),
        (b"PAR1" + b"x" * 100_000, True),
        (b"", False),
    ],
)
def test_large_is_what_takes_long(data: bytes, large: bool) -> None:
    assert are_large([upload(data)]) is large


def test_files_of_a_folder_count_together() -> None:
    half = b"x" * (LARGE // 2)
    assert not are_large([upload(half)])
    assert are_large([upload(half), upload(half), upload(b"x")])
