"""How fast the bundled model answers beside other work: ``python -m benchmarks.busy_cores``.

Other work are processes that compute without end, each in a session of its own, as the windows of a desktop
are. The ideal is the share of the cores' time that the system can give to the model's server.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.cores import usable_cores
from app.domain.generation import GenerationParams, GenerationRequest, Message
from app.services.inference.catalog import resolve_model_path
from app.services.inference.catalog_file import load_catalog
from app.services.inference.engines.connector import LocalServerOptions
from app.services.inference.engines.local import LocalEngine, LocalServer, stop_servers

_ROOT = Path(__file__).resolve().parents[2]
_MODEL = "local/smollm2-135m-instruct"
_TOKENS = 40
_ANSWERS = 8
_PATIENCE_S = 60


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Compute beside what is measured, in ``count`` processes."""
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for one in others:
            one.kill()
            one.wait()


async def speed(engine: LocalEngine) -> float:
    """Return the tokens a second of answers that are asked for one after another."""
    tokens, start = 0, time.perf_counter()
    for number in range(_ANSWERS):
        text = f"Write some sentences about the number {number}."
        request = GenerationRequest(
            (Message("user", text),), _MODEL, GenerationParams(temperature=0, max_tokens=_TOKENS)
        )
        tokens += (await engine.generate(request)).usage.completion_tokens or 0
        if time.perf_counter() - start > _PATIENCE_S:
            break
    return tokens / (time.perf_counter() - start)


async def measure(threads: int, folder: Path) -> list[tuple[int, float]]:
    """Return the speed with so many threads, for each number of other processes."""
    provider, spec = load_catalog(_ROOT / "configs" / "models.yaml").find(_MODEL)
    options = LocalServerOptions(folder, slots=1, context=512, threads=threads)
    engine = LocalEngine(provider, spec, LocalServer(resolve_model_path(spec, _ROOT), options), 600)
    found = []
    try:
        await speed(engine)  # the first answers wait for the file
        for count in (0, 1, usable_cores()):
            with busy(count):
                found.append((count, await speed(engine)))
    finally:
        await engine.aclose()
        stop_servers(folder)
    return found


def main() -> None:
    """Print a table."""
    print("| threads | busy processes | tokens a second | of those alone |")
    print("| --- | --- | --- | --- |")
    for threads in sorted({1, usable_cores()}):
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(measure(threads, Path(folder)))
        for count, rate in found:
            print(f"| {threads} | {count} | {rate:.1f} | {rate / found[0][1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
