"""Nets: by name, from a net file, layer by layer, or with the numbers of a checkpoint."""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arrays import as_images, as_labels
from .errors import NetError

Output = Literal["classes", "probabilities", "logits", "integers"]


class Net:
    """A net for images of one shape, with the numbers that it learned if there are any.

    Parameters
    ----------
    model : str or path
        A name of `intrain.model_names`, or a net file, which ends with ``.toml`` (docs/nets.md).
    shape : (h, w, c)
        Of the images.
    classes : int
    """

    # Of an imported net: what became of its layers.
    report: dict[str, Any] | None = None

    def __init__(self, model: str | os.PathLike[str], shape: tuple[int, int, int], classes: int) -> None:
        self._core = _core.Net(os.fspath(model), *shape, classes)

    @classmethod
    def _of(cls, core: _core.Net) -> Net:  # of what the extension made
        self = cls.__new__(cls)
        self._core = core
        return self

    @classmethod
    def from_toml(cls, text: str, shape: tuple[int, int, int], classes: int, name: str = "net") -> Net:
        """A net that the text of a net file describes, or the file itself where `text` is a path that ends with ``.toml``."""
        if "\n" not in text and text.endswith(".toml"):
            return cls(text, shape, classes)
        return cls._of(_core.Net(name if name.endswith(".toml") else name + ".toml", *shape, classes, text))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Net:
        """The net of a checkpoint, of this package or of ``intrain train``."""
        return cls._of(_core.Net.load(os.fspath(path)))

    @classmethod
    def from_state(cls, state: bytes) -> Net:
        """The same of a checkpoint's bytes."""
        return cls._of(_core.Net.from_state(state))

    def save(self, path: str | os.PathLike[str]) -> None:
        """As a checkpoint, which ``intrain eval``, ``predict``, ``export`` and ``train --init-from`` take."""
        self._core.save(os.fspath(path))

    def state(self) -> bytes:
        """The bytes of that."""
        return self._core.state()

    @property
    def model(self) -> str:
        return self._core.model

    @property
    def toml(self) -> str:
        """The text of the net file; empty of a net by name."""
        return self._core.toml

    @property
    def shape(self) -> tuple[int, int, int]:
        return self._core.shape

    @property
    def classes(self) -> int:
        return self._core.classes

    @property
    def class_names(self) -> list[str]:
        return self._core.class_names

    @property
    def layers(self) -> list[str]:
        return self._core.layers

    @property
    def has_numbers(self) -> bool:
        """Whether it was trained, loaded or imported."""
        return self._core.has_numbers

    @property
    def parameter_count(self) -> int:
        return sum(int(np.prod(shape)) for shape in self._core.parameter_shapes.values())

    @property
    def parameters(self) -> dict[str, _core.Parameter]:
        """By name, ``"conv0.weight"``: ``.master`` is a read-only int32 view, value = integer * 2**``.exponent``."""
        return {p.name: p for p in self._core.parameters()}

    @property
    def step(self) -> int:
        """Training steps done."""
        return self._core.step

    @property
    def settings(self) -> _core.Settings:
        """Of the training that its numbers are of."""
        return self._core.settings

    @property
    def signature(self) -> str:
        """16 hexadecimal digits, as ``intrain train`` prints them."""
        return self._core.signature

    def predict(
        self, X: Any, output: Output = "classes", *, batch: int = 128, n_jobs: int | None = None, layout: str = "NHWC",
        test_mirror: bool | None = None, test_shift: int | None = None,
    ) -> NDArray[Any]:
        """What the net says of images.

        Parameters
        ----------
        X : uint8 [n, h, w] or [n, h, w, c]
        output : {"classes", "probabilities", "logits", "integers"}
            int64 [n]; or float64 [n, classes]: softmax, or logits; or the logits as the int32 that they are, in units of 2**`logits_exponent`.
        batch : int
            Images at a time; what is said of one depends on neither that nor `n_jobs`.
        test_mirror : bool
            Whether the logits are the mean of those of an image and of its mirror image, in units of half as much; None: as in the training.
            Whether an image means the same in a mirror is yours to know: nothing is refused here.
        test_shift : int
            N: the mean of those of an image, which count twice, and of the image moved by N pixels, up left and down right, in units of a
            quarter; 0: of the image where it is; None: as in the training.
        """
        from ._settings import threads_of

        logits, exponent = self._core.predict(as_images(X, layout=layout), batch, threads_of(n_jobs), test_mirror, test_shift)
        return output_of(logits, exponent, output)

    def evaluate(
        self, X: Any, y: Any, *, batch: int = 128, n_jobs: int | None = None, layout: str = "NHWC", test_mirror: bool | None = None,
        test_shift: int | None = None,
    ) -> _core.Evaluation:
        """What the net makes of images with labels; `test_mirror` and `test_shift` as of `predict`."""
        from ._settings import threads_of

        images = as_images(X, layout=layout)
        dataset = _core.Dataset(images, as_labels(y, len(images), self.classes), self.classes)
        return self._core.evaluate(dataset, batch, threads_of(n_jobs), test_mirror, test_shift)

    def to_onnx(self, path: str | os.PathLike[str] | None = None, *, qdq: bool = False) -> bytes:
        """An ONNX model (docs/export.md), written to `path` if there is one.

        Parameters
        ----------
        qdq : bool
            False: integers alone, whose logits are those of ``predict(X, test_mirror=False, test_shift=0)`` bit by bit. True: quantized operators that runtimes accelerate.
        """
        model = self._core.to_onnx(qdq)
        if path is not None:
            with open(path, "wb") as file:
                file.write(model)
        return model

    def to_safetensors(self, path: str | os.PathLike[str]) -> None:
        """Every integer of the training, with the exponents as metadata."""
        self._core.to_safetensors(os.fspath(path))

    def __getstate__(self) -> object:
        core = self._core
        return core.state() if core.has_numbers else (core.model, *core.shape, core.classes, core.toml)

    def __setstate__(self, state: object) -> None:
        if isinstance(state, bytes):
            self._core = _core.Net.from_state(state)
        elif isinstance(state, tuple):
            self._core = _core.Net(*state)

    def __repr__(self) -> str:
        h, w, c = self.shape
        learned = f", {self.step} steps" if self.has_numbers else ""
        return f"<Net {self.model}: {h}x{w}x{c}, {self.classes} classes, {self.parameter_count} parameters{learned}>"


class NetBuilder(_core.NetBuilder):
    """Describes a net layer by layer, by the names of the C++ library's builder.

    Examples
    --------
    >>> b = NetBuilder(28, 28, 1, classes=10)
    >>> x = b.conv_bn_relu(b.input, 16, size=3, pad=1)
    >>> x = b.conv_bn_add_relu(b.conv_bn_relu(x, 16, size=3, pad=1), 16, size=3, pad=1, shortcut=x)
    >>> net = b.linear_logits(b.global_average_pool(x))
    >>> net.parameter_count
    5018
    """

    def linear_logits(self, x: _core.Value) -> Net:  # type: ignore[override]
        """Ends the net: a fully connected layer of one output a class."""
        return Net._of(super().linear_logits(x))


def output_of(logits: NDArray[np.int32], exponent: int, output: Output) -> NDArray[Any]:
    """Of logits in units of 2**exponent."""
    if output == "integers":
        return logits
    if output == "classes":
        return np.asarray(logits.argmax(axis=1))  # of equal ones the first
    values = np.ldexp(logits.astype(np.float64), exponent)
    if output == "logits":
        return values
    if output != "probabilities":
        raise NetError(f"there is no output {output!r}", hint='it takes "classes", "probabilities", "logits" or "integers"')
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
