"""A classical network as ONNX, for programs without PyTorch."""

from __future__ import annotations

import copy
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from diffqas.errors import DataError

MISSING = (
    "ONNX files need onnx, onnxscript and onnxruntime: "
    "install them with `pip install 'diffqas[onnx]'`."
)


def onnx_content(
    network: nn.Module, few: Tensor, input_name: str, output_name: str, about: dict[str, str]
) -> bytes:
    """The content of an ONNX file of the network, in float32 and for any number of samples.

    Args:
        network: a module with one input.
        few: some samples, at least two.
        input_name: the name of the graph's input.
        output_name: the name of the graph's output.
        about: the metadata of the model.

    Raises:
        DataError: the extra `onnx` is not installed, or torch cannot export this network.
    """
    try:
        import onnx
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError:
        raise DataError(MISSING) from None
    plain = copy.deepcopy(network).float().eval()
    inputs = few.float() if few.is_floating_point() else few
    with _quiet():
        try:
            program = torch.onnx.export(
                plain,
                (inputs,),
                dynamo=True,
                verbose=False,
                input_names=[input_name],
                output_names=[output_name],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )
        except Exception as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            remedy = "its safetensors file has all of it"
            raise DataError(
                f"torch cannot export {type(network).__name__} to ONNX ({reason}); {remedy}."
            ) from None
    assert program is not None  # of dynamo=True
    model = program.model_proto
    _forget_places(model.graph)
    for key, value in about.items():
        model.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(model)
    buffer = io.BytesIO()
    onnx.save(model, buffer)
    return buffer.getvalue()


@torch.no_grad()
def onnx_difference(content: bytes, network: nn.Module, few: Tensor) -> float:
    """The largest difference between the outputs of onnxruntime and of PyTorch."""
    from onnxruntime import InferenceSession

    session: Any = InferenceSession(content, providers=["CPUExecutionProvider"])
    inputs = few.float() if few.is_floating_point() else few
    (found,) = session.run(None, {session.get_inputs()[0].name: inputs.numpy()})
    return (torch.from_numpy(found) - network(few).to(torch.float32)).abs().max().item()


def _forget_places(graph: Any) -> None:
    """Drop the exporter's notes on the source of each node: large, with paths of this machine."""
    for part in (
        graph,
        *graph.node,
        *graph.value_info,
        *graph.input,
        *graph.output,
        *graph.initializer,
    ):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter's remarks about itself, which are not for users."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
