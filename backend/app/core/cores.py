"""Which processor cores this process may compute on."""

import math
import os
from contextlib import suppress
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def allowed_cores() -> list[int]:
    """Return the numbers of the cores that the system lets this process run on."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return how many cores' time this process gets at most: a container may have less than there are cores.

    Args:
        quota: file of a control group (version 2) with microseconds of processor time, or ``max``, and the
            period that these are for.
    """
    cores = len(allowed_cores())
    with suppress(OSError, ValueError):  # no control group, or none that limits
        time, period = map(int, quota.read_text().split())
        return max(1, min(cores, math.ceil(time / period)))
    return cores
