"""What people have as arrays: taken as it is, or refused with the line to write. Nothing is converted silently."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DataError


def as_array(values: Any, what: str) -> NDArray[Any]:
    """A view of any array on the CPU: numpy's, by DLPack, the buffer protocol or ``__array_interface__``."""
    if isinstance(values, np.ndarray):
        return values
    if hasattr(values, "__dlpack__"):
        try:
            return np.from_dlpack(values)
        except (BufferError, RuntimeError, TypeError, ValueError):
            pass  # read-only, or of a dtype or device that DLPack or numpy does not know: asked the other way
    try:
        return np.asarray(values)
    except Exception as e:
        raise DataError(f"the {what} are no array: {e}", hint="give a numpy array, or what numpy.asarray takes") from e


def as_images(images: Any, what: str = "images", layout: str = "NHWC") -> NDArray[np.uint8]:
    """uint8 [n][h][w][c], C-contiguous. Grey images may lack the last dimension. A copy is made of what is not contiguous alone, with a warning."""
    array = as_array(images, what)
    if array.dtype != np.uint8:
        raise DataError(f"the {what} are {array.dtype}{_with_nan(array)}, and pixels are uint8", hint=_conversion(array))
    if array.ndim == 2:
        raise DataError(
            f"the {what} have two dimensions, {_text(array.shape)}",
            hint="give the images' shape: X.reshape(len(X), h, w); intrain.Classifier takes tables as they are",
        )
    if array.ndim not in (3, 4):
        raise DataError(f"the {what} have {array.ndim} dimensions, {_text(array.shape)}", hint="give [n, h, w] or [n, h, w, c]")
    if layout not in ("NHWC", "NCHW"):
        raise DataError(f"there is no layout {layout!r}", hint='it takes "NHWC" or "NCHW"')
    if array.ndim == 3:
        array = array[:, :, :, np.newaxis]
    elif layout == "NCHW":
        array = array.transpose(0, 2, 3, 1)
    if array.size == 0:
        raise DataError(f"the {what} are none: {_text(array.shape)}", hint="give one at least, with pixels")
    if not 1 <= array.shape[3] <= 3:
        hint = 'give layout="NCHW"' if 1 <= array.shape[1] <= 3 else "images have 1 to 3 channels, in the last dimension"
        raise DataError(f"the {what} have {array.shape[3]} channels, {_text(array.shape)}", hint=hint)
    if not array.flags.c_contiguous:
        warnings.warn(
            f"the {what} are not contiguous in memory and are copied: numpy.ascontiguousarray(X.transpose(0, 2, 3, 1)) of NCHW, or "
            "numpy.ascontiguousarray(X), once and before, saves that",
            stacklevel=_stack_level(),
        )
        array = np.ascontiguousarray(array)
    return array


def as_labels(labels: Any, count: int, classes: int | None, what: str = "labels") -> NDArray[np.uint16]:
    """Whole numbers from 0 on as uint16 [n]; classes: None for as many as they tell."""
    array = as_array(labels, what)
    if array.ndim != 1:
        raise DataError(f"the {what} have {array.ndim} dimensions, {_text(array.shape)}", hint="give one number an image: y.ravel()")
    if len(array) != count:
        raise DataError(f"{count} images, but {len(array)} {what}", hint="give a label for each image")
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(
            f"the {what} are {array.dtype}{_with_nan(array)}, and classes are numbered",
            hint="classes, y = numpy.unique(y, return_inverse=True); intrain.Classifier does it itself",
        )
    least, most = int(array.min()), int(array.max())
    if least < 0:
        raise DataError(f"the {what} hold {least}", hint="classes are numbered from 0 on")
    if most >= (65536 if classes is None else classes):
        raise DataError(f"the {what} hold {most}, but there are {65536 if classes is None else classes} classes", hint="number them from 0 on")
    return np.ascontiguousarray(array, dtype=np.uint16)


def _text(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def _with_nan(array: NDArray[Any]) -> str:
    if not np.issubdtype(array.dtype, np.floating):
        return ""
    return " and hold NaN" if bool(np.isnan(array).any()) else ""


def _conversion(array: NDArray[Any]) -> str:
    if array.dtype == np.bool_:
        return "X = X.astype(numpy.uint8) * 255"
    if np.issubdtype(array.dtype, np.floating):
        if array.size and bool(np.isnan(array).any()):
            return "say what a pixel that is missing should be: X = numpy.nan_to_num(X)"
        if array.size and float(array.min()) >= 0 and float(array.max()) <= 1:
            return "X = numpy.rint(X * 255).astype(numpy.uint8)"
        if array.size and float(array.min()) >= 0 and float(array.max()) <= 255:
            return "X = numpy.rint(X).astype(numpy.uint8)"
        return "pixels are 0 to 255: scale them, as X = numpy.rint((X - X.min()) / (X.max() - X.min()) * 255).astype(numpy.uint8)"
    if np.issubdtype(array.dtype, np.integer):
        if array.size and (int(array.min()) < 0 or int(array.max()) > 255):
            return "pixels are 0 to 255: scale them, as X = (X // 256).astype(numpy.uint8) of 16 bits"
        return "X = X.astype(numpy.uint8)"
    return "give pixels as numbers: uint8, 0 to 255"


def _stack_level() -> int:
    """That of the caller outside the package."""
    import sys

    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("intrain"):
        level, frame = level + 1, frame.f_back
    return level
