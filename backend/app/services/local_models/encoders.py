"""What all encoder models share: quiet libraries, and linear layers that are fast on the CPU.

The libraries take seconds and hundreds of megabytes to import. They are imported when a model is
loaded, so that a process without models stays small.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def pack_linear_layers(network: "torch.nn.Module") -> None:
    """Store the weights of all linear layers in the layout in which oneDNN multiplies.

    They stay fp32: the vectors agree to seven digits and take two thirds of the time (docs/benchmarks.md).
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


def _multiplied(
    multiply: Callable[..., "torch.Tensor"],
    weight: "torch.Tensor",
    bias: "torch.Tensor | None",
    values: "torch.Tensor",
) -> "torch.Tensor":
    return multiply(values, weight, bias, "none", [], "")


def quiet_libraries() -> None:
    """Turn off the warnings and progress bars of the model libraries, which would fill the logs."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from transformers.utils import logging

    logging.disable_progress_bar()
