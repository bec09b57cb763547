"""The local model server's process: llama.cpp's HTTP server on loopback, serving one GGUF file.

Run as ``python -m app.services.inference.engines.local_server --model FILE --record FILE …``; started by
``local.py``, and ended when the process that owns the platform is gone.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

import psutil

from app.core.processes import free_port

_OWNER_CHECK_S = 1.0


def serve(model: str, record: str, slots: int, context: int, threads: int, owner: int) -> None:
    """Serve ``model`` until the process ``owner`` is gone; leave pid and address in ``record``."""
    import xllamacpp  # 100 MB that only this process needs

    params = xllamacpp.CommonParams()
    params.model.path = model
    # What it calls itself goes into every logged call and export: no one's folders belong there.
    params.model_alias = {Path(model).name}
    params.port = free_port()
    params.n_parallel = slots
    params.n_ctx = context * slots  # llama.cpp divides its context among the slots
    # More threads than cores would spin against each other.
    params.cpuparams.n_threads = threads
    params.cpuparams_batch.n_threads = threads
    params.n_gpu_layers = 0
    # Nothing is answered from the prompts of before: without this their states fill gigabytes.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    server = xllamacpp.Server(params)
    values = {"pid": os.getpid(), "url": server.listening_address, "model": model}
    partial = Path(f"{record}.partial")
    partial.write_text(json.dumps(values))
    partial.rename(record)
    sys.stdout.write(f"serving {model} at {server.listening_address}\n")
    sys.stdout.flush()
    while _lives(owner):
        time.sleep(_OWNER_CHECK_S)
    # llama.cpp's threads have no business left; a tidy teardown can only hang.
    os._exit(0)


def _lives(pid: int) -> bool:
    try:
        # Nobody may have taken note of its end yet.
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--record", required=True)
    for name in ("slots", "context", "threads", "owner"):
        parser.add_argument(f"--{name}", type=int, required=True)
    serve(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
