"""What all models that run inside our own processes share: quiet libraries, fast layers, on the CPU.

Their libraries take seconds and hundreds of megabytes to import, and are imported by whoever loads a
model: a process that loads none does not pay for them.
"""

import os
from functools import partial
from typing import Any


def pack_linear_layers(network: Any) -> None:
    """Lay the weights of all linear layers out as oneDNN multiplies them.

    Still fp32, and the same vectors to seven digits, in two thirds of the time (docs/benchmarks.md).
    """
    import torch

    if not torch.backends.mkldnn.is_available():
        return
    multiply = torch.ops.mkldnn._linear_pointwise  # noqa: SLF001 - torch has no public name for it
    reorder = torch.ops.mkldnn._reorder_linear_weight  # noqa: SLF001
    for layer in network.modules():
        if isinstance(layer, torch.nn.Linear):
            packed = reorder(layer.weight.detach())
            layer.forward = partial(_multiplied, multiply, packed, layer.bias)


def _multiplied(multiply: Any, weight: Any, bias: Any, values: Any) -> Any:
    return multiply(values, weight, bias, "none", [], "")


def quiet_libraries() -> None:
    """Keep the model libraries from talking to the hub, and from drawing bars in our logs."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers.utils import logging

    logging.disable_progress_bar()
