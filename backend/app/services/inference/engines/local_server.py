"""The local model server's process: llama.cpp's HTTP server on loopback, serving one GGUF file.

Run as ``python -m app.services.inference.engines.local_server --model FILE --record FILE …``; started by
``local.py``. It ends when the process that owns the platform has ended.

Every user of the machine can connect to a port on loopback. The server answers only those who send its key,
which it draws at its start and writes into its record, which this user alone can read.
"""

import argparse
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from app.core.cores import allowed_cores
from app.core.files import write_private
from app.core.processes import free_port

if TYPE_CHECKING:
    import xllamacpp

_OWNER_CHECK_S = 1.0


def serve(model: str, record: str, slots: int, context: int, threads: int, owner: int) -> None:
    """Serve ``model`` until the process ``owner`` has ended; write pid, address and key into ``record``.

    Args:
        model: GGUF file.
        record: JSON file for them.
        slots: requests that are answered at the same time.
        context: tokens of each slot, prompt and answer together.
        threads: that compute.
        owner: pid of the process that owns the platform.
    """
    import xllamacpp  # 100 MB that only this process needs

    params = xllamacpp.CommonParams()
    params.model.path = model
    # Its name is part of every stored call and export, which must not hold paths of this machine.
    params.model_alias = {Path(model).name}
    params.port = free_port()
    key = secrets.token_urlsafe(32)
    params.api_keys = [key]
    params.endpoint_slots = False  # nobody asks what the slots are doing
    params.slot_save_path = str(Path(record).parent)  # nothing is saved, but slots are erased only with it
    params.n_parallel = slots
    params.n_ctx = context * slots  # llama.cpp divides the context among its slots
    for cpu in (params.cpuparams, params.cpuparams_batch):
        _compute_on(cpu, threads)
    params.n_gpu_layers = 0
    # An answer must not depend on what else is asked at the time. On CPUs flash attention computes in another
    # order for each number of tokens at once; so do the pieces into which prompts that arrive together are
    # cut: no flash attention, and pieces as large as what is computed at once.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.n_ubatch = params.n_batch
    # Only the slots keep prompts, which requests may reuse that say so; further states would fill gigabytes.
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    server = xllamacpp.Server(params)
    values = {"pid": os.getpid(), "url": server.listening_address, "model": model, "key": key}
    write_private(Path(record), json.dumps(values))
    sys.stdout.write(f"serving {model} at {server.listening_address}\n")
    sys.stdout.flush()
    while _lives(owner):
        time.sleep(_OWNER_CHECK_S)
    # Exits without cleaning up: waiting for llama.cpp's threads may hang.
    os._exit(0)


def _compute_on(cpu: "xllamacpp.CpuParams", threads: int) -> None:
    """Set how many threads compute; each has a core of its own if they take all that there are.

    llama.cpp's threads wait for each other some hundred times for each token, without sleeping. If other
    work takes a core, the system may put two of them on one core, where each waits for a thread that cannot
    run meanwhile: measured, a fiftieth of the speed (``benchmarks.busy_cores``).
    """
    cpu.n_threads = threads  # more than cores would slow each other down
    cores = allowed_cores()
    if threads == len(cores) and hasattr(os, "sched_setaffinity"):
        cpu.cpumask = [core in cores for core in range(len(cpu.cpumask))]
        cpu.mask_valid = cpu.strict_cpu = True


def _lives(pid: int) -> bool:
    try:
        # It may have ended as a zombie that its parent has not waited for.
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
