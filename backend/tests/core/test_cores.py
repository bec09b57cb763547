"""How many cores a process may compute on."""

from pathlib import Path

import pytest

from app.core.cores import allowed_cores, usable_cores


@pytest.mark.parametrize(
    ("content", "cores"),
    [("50000 100000\n", 1), ("100000 100000\n", 1), ("max 100000\n", None), ("", None), ("what\n", None)],
)
def test_a_container_may_have_less_time_than_cores(tmp_path: Path, content: str, cores: int | None) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(content)
    assert usable_cores(quota) == (cores or len(allowed_cores()))


def test_a_quota_above_the_cores_adds_none(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(f"{(len(allowed_cores()) + 3) * 100_000} 100000\n")
    assert usable_cores(quota) == len(allowed_cores())


def test_without_control_groups(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none") == len(allowed_cores())
