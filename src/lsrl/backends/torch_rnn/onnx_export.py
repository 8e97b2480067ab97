"""Torch networks as ONNX files."""

from __future__ import annotations

import importlib.util
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from lsrl.backends.torch_environment import torch_defaults
from lsrl.errors import MissingPackage, UnsupportedProgram
from lsrl.files import write_whole

if TYPE_CHECKING:
    from lsrl.backends.torch_rnn.torch_module import RecurrentNetwork


def exported(network: RecurrentNetwork, path: Path) -> None:
    """Write a network as ONNX: input `x` (batch, time, in), output `y` (batch, time, out), both float32.

    Raises `UnsupportedProgram` for other formats, which ONNX runtimes do not have for recurrent modules.
    """
    import torch

    if importlib.util.find_spec("onnx") is None:
        raise MissingPackage("onnx", "an ONNX file", "onnx")
    if network.readout.weight.dtype != torch.float32:
        dtype = str(network.readout.weight.dtype).removeprefix("torch.")
        raise UnsupportedProgram(
            f"ONNX has recurrent modules in float32 only, and this model is {dtype}; "
            "compile with dtype='float32' (--dtype float32)"
        )
    buffer = io.BytesIO()
    axes = {0: "batch", 1: "time"}
    with warnings.catch_warnings(), torch_defaults():
        # The exporter by tracing is deprecated; the new one unrolls what a recurrent module is made of.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 2, network.recurrent.input_size, dtype=torch.float32),),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": axes, "y": axes},
        )
    write_whole(path, buffer.getvalue())
