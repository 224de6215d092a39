"""Nets that were trained elsewhere, in floating point (docs/import.md)."""

from __future__ import annotations

import inspect
import json
import os
import struct
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _core
from ._arrays import as_images
from ._settings import make_settings, set_all
from .data import Data, load_data
from .errors import DataError, ExchangeError
from .net import Net

Report = dict[str, Any]


def from_onnx(
    file: str | os.PathLike[str] | bytes,
    data: Data | str | Any,
    *,
    model: str | os.PathLike[str] | None = None,
    classes: int | None = None,
    new_head: bool = False,
    calibrate: int = 1024,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
    border: str | None = None,
    n_jobs: int | None = None,
) -> Net:
    """A net from an ONNX model, as ``torch.onnx.export`` writes it.

    Parameters
    ----------
    file : path or bytes
    data : Data, str, or images
        Like what it was trained on: a data set, a data spec, or uint8 images [n, h, w, c] alone, with `classes`.
    model : str or path
        The same net here; None: that of the graph.
    new_head : bool
        Leave the last layer out: the data have other classes.
    calibrate : int
        Images that the scales of activations are found with; 0: none.
    mean, deviation : sequence of float
        Of each channel's pixels, 0 to 1, as the float net knew them; those of the images if not given.
    border : {"mean", "black", "reflect"}
        For a training that goes on; found with labelled images if not given.

    Returns
    -------
    Net
        With ``net.report``: what became of each layer.

    Raises
    ------
    ExchangeError
        Names the node at which a graph is none of ours, and what to do.
    """
    if isinstance(file, bytes):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.onnx")
            with open(path, "wb") as out:
                out.write(file)
            return _import({"onnx": path}, data, model, classes, new_head, calibrate, mean, deviation, border, n_jobs)
    return _import({"onnx": os.fspath(file)}, data, model, classes, new_head, calibrate, mean, deviation, border, n_jobs)


def from_safetensors(
    file: str | os.PathLike[str],
    model: str | os.PathLike[str] | Net,
    data: Data | str | Any,
    *,
    classes: int | None = None,
    new_head: bool = False,
    prefix: str = "",
    order: Sequence[str] = (),
    calibrate: int = 1024,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
    border: str | None = None,
    n_jobs: int | None = None,
) -> Net:
    """A net from a safetensors file of PyTorch's tensors, whose names tell where they go.

    Parameters
    ----------
    model : str, path or Net
        The same net here.
    prefix : str
        Only tensors in this module are taken, as ``"ema"``.
    order : sequence of str
        Modules in the order of the forward pass, where their names do not tell it.
    """
    source = {"safetensors": os.fspath(file), "prefix": prefix, "order": list(order)}
    return _import(source, data, model, classes, new_head, calibrate, mean, deviation, border, n_jobs)


def from_torch(
    module: Any,
    data: Data | str | Any,
    *,
    model: str | os.PathLike[str] | Net | None = None,
    classes: int | None = None,
    new_head: bool = False,
    prefix: str = "",
    order: Sequence[str] = (),
    calibrate: int = 1024,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
    border: str | None = None,
    n_jobs: int | None = None,
) -> Net:
    """A net from a PyTorch module, or a state_dict.

    With `model` its tensors are taken by their names, else the module goes through ``torch.onnx.export``.

    Examples
    --------
    >>> net = from_torch(module, X[:256], classes=10, mean=(0.286,), deviation=(0.353,))   # doctest: +SKIP
    """
    if model is not None:
        tensors = module if isinstance(module, Mapping) else module.state_dict()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "state.safetensors")
            _write_safetensors(path, tensors)
            source = {"safetensors": path, "prefix": prefix, "order": list(order)}
            return _import(source, data, model, classes, new_head, calibrate, mean, deviation, border, n_jobs)
    if isinstance(module, Mapping):
        raise ExchangeError("a state_dict tells no net", hint="give `model` the same net here, or the module itself")
    data = _as_data(data, classes, n_jobs)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        _export(module, path, data.shape)
        return _import({"onnx": path}, data, None, classes, new_head, calibrate, mean, deviation, border, n_jobs)


def _as_data(data: Data | str | Any, classes: int | None, n_jobs: int | None) -> Data:
    if isinstance(data, Data):
        return data
    if isinstance(data, str):
        return load_data(data)
    images = as_images(data)
    if classes is None:
        raise DataError("images alone do not tell how many classes there are", hint="give `classes`, or intrain.Data(X, y)")
    unlabelled = Data(images, np.zeros(len(images), np.int64), classes=classes)
    unlabelled.settings["border"] = "mean"  # there are no labels to find it with
    return unlabelled


def _import(
    source: dict[str, Any],
    data: Data | str | Any,
    model: str | os.PathLike[str] | Net | None,
    classes: int | None,
    new_head: bool,
    calibrate: int,
    mean: Sequence[float] | None,
    deviation: Sequence[float] | None,
    border: str | None,
    n_jobs: int | None,
) -> Net:
    data = _as_data(data, classes, n_jobs)
    settings = make_settings({"threads": n_jobs})
    set_all(settings, data.settings)
    for key, value in (("mean", mean), ("deviation", deviation), ("border", border)):
        if value is not None:
            settings[key] = value
    settings.validate()
    if model is None:
        settings["model"] = ""
    net = None if model is None else model if isinstance(model, Net) else Net(model, data.shape, data.classes)
    core, report = _core.Net.import_file(
        settings, data.splits, new_head=new_head, calibrate=calibrate, model=None if net is None else net._core, **source
    )
    made = Net._of(core)
    made.report = report
    return made


def _export(module: Any, path: str, shape: tuple[int, int, int]) -> None:
    import torch

    h, w, c = shape
    was_training = module.training
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    module.eval()
    try:
        torch.onnx.export(module, torch.zeros(1, c, h, w), path, input_names=["images"], output_names=["logits"], **options)
    finally:
        module.train(was_training)


def _write_safetensors(path: str, tensors: Mapping[str, Any]) -> None:
    """What floats there are; counters of batches are none of the net."""
    header: dict[str, Any] = {}
    arrays = []
    at = 0
    for name, tensor in tensors.items():
        array = np.asarray(tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else tensor)
        if not np.issubdtype(array.dtype, np.floating):
            continue
        array = np.ascontiguousarray(array, dtype="<f4")
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        arrays.append(array)
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays:
            file.write(array.tobytes())
