"""The extension module: what of the C++ library the package is made of.

Its classes are strict and small: no keyword magic, no conversion of any array. The public names of the package (intrain.Trainer, intrain.Net,
intrain.Data ...) stand on them and take what people have.

Rules of all of it. Images are uint8, C-contiguous, ``[n][h][w][c]`` with 1 to 3 channels, and are never copied. What computes releases the GIL.
What is wrong raises a subclass of `intrain.Error`. An object works in one thread at a time: a second one gets `intrain.BusyError`, with nothing
changed. ``threads=0`` stands for `default_threads`.
"""

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__version__: str

_SettingValue = bool | int | float | str | list[float] | list[str]

def default_threads() -> int:
    """Threads that compute where no number is given.

    The smallest of the cores of this process's affinity, the quota of its control groups (rounded up) and the environment's
    ``INTRAIN_NUM_THREADS``, at least 1. Raises `ConfigError` if that variable is no whole number from 1 on.
    """

def join_ranks(folder: str) -> None:
    """Becomes one of the ranks that a launcher started, with the plug-in in `folder` or that of ``INTRAIN_MPI``; alone it does nothing.

    Raises `Error` after `stay_apart`.
    """

def stay_apart() -> None:
    """Trainings may be this process's own where several were started. Raises `Error` in one that is a rank."""

def are_ranks_joined() -> bool: ...
def rank() -> int: ...
def rank_count() -> int: ...
def rank_name() -> str:
    """As ``"rank 2 on node7"``; empty without ranks, and in a process that one forked."""

def launcher() -> str:
    """What started several processes, ``"mpirun"`` or ``"srun"``; empty if nothing did."""

def end_ranks(error: str) -> bool:
    """Says to the others that this one ends with an error, which is its number to them. Whether to tell it here: not if another does."""

def leave_ranks() -> None:
    """The last call: waits for the others, or ends all if it is not to be waited for."""

def instruction_set() -> str:
    """Name of the instruction set that computes: the best of this CPU, or that of ``INTRAIN_ISA``. Raises `ConfigError` if that is not to be had."""

def model_names() -> list[str]:
    """The nets that there are by name: ``"resnet8"``, ``"mlp"`` ..."""

def data_help() -> str:
    """The data specs that `load_data` takes, each with what it means."""

def command_line(arguments: Sequence[str]) -> int:
    """Runs the command ``intrain`` with these arguments, the first of them the program's name, and returns its exit status.

    It takes over the process: signal handlers, standard output. Only for ``python -m intrain``.
    """

@final
class Settings:
    """All settings of a training with their defaults: the keys that ``intrain train --help`` lists, with ``_`` for ``-``.

    The number formats are called as in config.json, ``formats.w`` (`width_keys`): bits as an int, or a word as a str.
    """

    def __init__(self) -> None: ...
    def copy(self) -> Settings: ...
    @staticmethod
    def keys(on_resume: bool = False) -> list[str]:
        """In the order of config.json. on_resume: those alone that may be given to a run that goes on, ``data`` among them."""
    @staticmethod
    def width_keys() -> list[str]: ...
    @staticmethod
    def help(key: str) -> str:
        """What a setting or a number format means, its range and its default."""
    def __getitem__(self, key: str) -> _SettingValue: ...
    def __setitem__(self, key: str, value: object) -> None:
        """Takes bool, int, float, str or a sequence of them, as the setting is; numpy's scalars too.

        Raises `ConfigError` for an unknown key (the hint names the nearest ones) and another type. Ranges: `validate`.
        """
    def apply_recipe(self, name: str) -> None:
        """``"intrain"`` or ``"wageubn"``: its formats, optimizer and schedule."""
    def read(self, path: str) -> None:
        """Sets what a config.json, or a part of one, holds."""
    def validate(self) -> None:
        """Raises `ConfigError` naming the first setting that cannot be."""
    def refuse_idle(self, given: Sequence[str]) -> None:
        """Raises `ConfigError` naming the first of the settings given, by their keys, that does nothing."""
    def command(self) -> str:
        """The command that trains with these settings, quoted for a shell, without ``threads``, ``recompute`` and ``out``."""
    def widths(self) -> dict[str, int | str]:
        """All number formats by their short keys: ``"w"``."""
    def __eq__(self, other: object) -> bool: ...

@final
class Dataset:
    """Labelled images.

    Parameters
    ----------
    images : uint8 [n][h][w][c], C-contiguous, read-only or not
        Not copied, and kept alive. Nobody may change them while they are used here.
    labels : uint16 [n]
        Each below `classes`; copied.
    classes : int
        1 .. 65536.
    """

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.uint16], classes: int) -> None: ...
    def __len__(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels of each image."""
    @property
    def classes(self) -> int: ...
    @property
    def images(self) -> NDArray[np.uint8]:
        """[n][h][w][c], read-only, not copied; [0][h][w][c] of photos in files."""
    @property
    def labels(self) -> NDArray[np.uint16]:
        """[n], read-only."""
    @property
    def files(self) -> list[str]:
        """[n] paths of photos, decoded when they are needed; else empty."""

@final
class DataSplits:
    """Training and test images of the same shape and classes.

    Parameters
    ----------
    class_names : sequence of str
        One a class, or empty.
    mirror : bool
        Whether an image and its mirror image mean the same: not so for digits.
    name : str
        What a run's files call the data (``config.data``).
    """

    def __init__(self, train: Dataset, test: Dataset, class_names: Sequence[str], mirror: bool, name: str) -> None: ...
    @property
    def train(self) -> Dataset: ...
    @property
    def test(self) -> Dataset: ...
    @property
    def class_names(self) -> list[str]: ...
    @property
    def mirror(self) -> bool: ...
    @property
    def name(self) -> str: ...
    @property
    def broken(self) -> list[str]:
        """Files that were left out: ``"path: why"``."""

def load_data(settings: Settings, progress: Callable[[int, int], object] | None = None) -> DataSplits:
    """The data of ``settings["data"]`` as a training has them, by ``val_share``, ``transpose``, ``crop`` and ``augment``.

    progress(done, total) is called at most every 0.1 s while photos are checked. Ctrl-C raises KeyboardInterrupt. Raises `DataError`, `ConfigError`.
    RuntimeWarning: what was found in photos cannot be kept for the next start, or was and cannot be read.
    """

@final
class Parameter:
    """A learned tensor, as it is now: a view into the net's memory, which it keeps alive."""

    @property
    def name(self) -> str:
        """``"conv0.weight"``."""
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def frozen(self) -> bool: ...
    @property
    def master(self) -> NDArray[np.int32]:
        """What is stored and updated, read-only, not copied: value = integer * 2**exponent."""
    @property
    def exponent(self) -> int: ...
    @property
    def momentum(self) -> NDArray[np.int16] | None:
        """Read-only, not copied: value = integer * 2**momentum_exponent. None outside training and of what is frozen."""
    @property
    def momentum_exponent(self) -> int: ...

@final
class Evaluation:
    """What a net says of a set of images; exact, and the same for batches of any size."""

    @property
    def count(self) -> int: ...
    @property
    def hits(self) -> int: ...
    @property
    def accuracy(self) -> float: ...
    @property
    def top5_accuracy(self) -> float: ...
    @property
    def loss(self) -> float:
        """Mean of -log softmax[label], natural logarithm."""
    @property
    def predicted(self) -> NDArray[np.int32]:
        """[n], the class of the largest logit, of equal ones the first."""
    @property
    def probabilities(self) -> NDArray[np.float64]:
        """[n], of that class."""
    @property
    def losses(self) -> NDArray[np.float64]:
        """[n]."""
    @property
    def confusion(self) -> NDArray[np.int64]:
        """[class][predicted class], images."""

@final
class TensorNumbers:
    """How the integers of one kind of tensor of a layer are distributed, in one training step."""

    @property
    def layer(self) -> str: ...
    @property
    def kind(self) -> str:
        """``"W"``, ``"A"``, ``"x_hat"``, ``"E1"``, ``"E2"``, ``"G"`` or ``"stream"``."""
    @property
    def count(self) -> int: ...
    @property
    def zeros(self) -> int: ...
    @property
    def saturated(self) -> int:
        """At the largest magnitude of the format."""
    @property
    def largest(self) -> int: ...
    @property
    def exponent(self) -> int:
        """value = integer * 2**exponent."""
    @property
    def counts(self) -> NDArray[np.int64]:
        """Histogram over `edges`, as numpy.histogram returns it; by the upper 8 bits."""
    @property
    def edges(self) -> NDArray[np.float64]:
        """Of the bins, as values (not integers): one more than `counts`."""

@final
class Net:
    """A net: what describes it, and the numbers it has learned, if there are any.

    Parameters
    ----------
    model : str
        A name of `model_names`; with `toml` what it is called, ending with ``.toml``.
    height, width, channels : int
        Of the images.
    classes : int
    toml : str
        Text of a net file (docs/nets.md); empty: `model` is a name.
    """

    def __init__(self, model: str, height: int, width: int, channels: int, classes: int, toml: str = "") -> None: ...
    @staticmethod
    def load(path: str) -> Net:
        """Of a checkpoint, with its numbers. Raises `CheckpointError`."""
    @staticmethod
    def from_state(state: bytes) -> Net:
        """The same of the bytes of a checkpoint."""
    @staticmethod
    def import_file(
        settings: Settings,
        data: DataSplits,
        onnx: str = "",
        safetensors: str = "",
        new_head: bool = False,
        prefix: str = "",
        order: Sequence[str] = (),
        calibrate: int = 1024,
        model: Net | None = None,
    ) -> tuple[Net, dict[str, object]]:
        """A net trained elsewhere in floating point, and a report: ``layers`` (name, source, scale_log2, saturated), ``clamped``, ``border``.

        `model`: what the tensors are of; None: ``settings["model"]``, or where that is empty the graph of the ONNX file.
        """
    @property
    def model(self) -> str: ...
    @property
    def toml(self) -> str: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def classes(self) -> int: ...
    @property
    def class_names(self) -> list[str]: ...
    @property
    def source(self) -> str:
        """The file it was loaded from; empty of others."""
    @property
    def has_numbers(self) -> bool: ...
    @property
    def layers(self) -> list[str]: ...
    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """In the order of the net, with or without numbers."""
    @property
    def step(self) -> int:
        """Training steps done."""
    @property
    def settings(self) -> Settings:
        """Of the training that it is of."""
    @property
    def signature(self) -> str:
        """16 hexadecimal digits: of all state, as ``intrain train`` prints them."""
    def state(self) -> bytes:
        """All of it as a checkpoint's bytes, which another version or machine reads too."""
    def save(self, path: str) -> None:
        """The same as a file, written at once or not at all."""
    def parameters(self) -> list[Parameter]:
        """In the order of the net. Views of a copy that this object owns: they do not change."""
    def predict(
        self, images: NDArray[np.uint8], batch: int = 128, threads: int = 0, test_mirror: bool | None = None,
        test_shift: int | None = None,
    ) -> tuple[NDArray[np.int32], int]:
        """Logits [n][classes] and their exponent: value = logit * 2**exponent. Neither batch nor threads change them.

        `test_mirror`: each image counts together with its mirror image; `test_shift` N: together with itself moved by N pixels, up left and
        down right, where it counts half as much; None: as in the training.
        """
    def evaluate(
        self, data: Dataset, batch: int = 128, threads: int = 0, test_mirror: bool | None = None, test_shift: int | None = None
    ) -> Evaluation:
        """`test_mirror` and `test_shift` as of predict."""
    def to_onnx(self, qdq: bool = False) -> bytes:
        """The model's file: integers alone, whose logits are those of ``predict(images, test_mirror=False, test_shift=0)`` bit by bit; or quantized operators that runtimes accelerate."""
    def to_safetensors(self, path: str) -> None:
        """Every integer of the training, with exponents in the metadata."""

class NetBuilder:
    """Describes a net layer by layer; what cannot be raises `NetError` where it is written.

    What it makes is also a net file, so that checkpoints need nothing else.
    """

    def __init__(self, height: int, width: int, channels: int, classes: int, name: str = "net") -> None: ...
    @property
    def input(self) -> Value: ...
    def conv_bn_relu(self, x: Value, k: int, size: int, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """Convolution of `k` output channels without bias, batch norm, ReLU. height: of the kernel, 0: as size; 1 on signals, which are images
        of one row."""
    def conv_relu(self, x: Value, k: int, size: int, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """ReLU(convolution + bias), without batch norm: for batches too small for its statistics."""
    def conv_bn(self, x: Value, k: int, size: int, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """The same without ReLU: a shortcut, which may only be added."""
    def conv_bn_add_relu(self, x: Value, k: int, size: int, shortcut: Value, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """ReLU(batch norm(convolution) + shortcut); nothing may read the shortcut afterwards."""
    def conv_bn_relu6(self, x: Value, k: int, size: int, shortcut: Value | None = None, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value: ...
    def conv_bn_linear(self, x: Value, k: int, size: int, shortcut: Value | None = None, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """Without an activation: a linear bottleneck, which layers may read."""
    def conv_add_stream(self, x: Value, k: int, size: int, shortcut: Value | None = None, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """Of pre-activation nets: convolution + shortcut. Where it is read it is ReLU(batch norm(.)), where it is added the sum itself."""
    def conv_stream(self, x: Value, k: int, size: int, stride: int = 1, pad: int = 0, groups: int = 1, height: int = 0) -> Value:
        """The convolution alone, as a shortcut that is only added to a stream."""
    def pad_shortcut(self, x: Value, channels: int, stride: int = 1, before: int = -1) -> Value:
        """Every stride-th pixel with new channels of zeros, `before` of them before those of x; -1: half of them."""
    def max_pool(self, x: Value, size: int, stride: int = 0, pad: int = 0) -> Value:
        """stride 0: as size."""
    def global_average_pool(self, x: Value) -> Value: ...
    def linear_relu(self, x: Value, outputs: int) -> Value: ...
    def linear_logits(self, x: Value) -> Net:
        """Ends the net. The builder can go on no more."""
    @property
    def toml(self) -> str:
        """The net file so far."""

@final
class Value:
    """A tensor between layers."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""

@final
class Plan:
    """What a training is about to do."""

    @property
    def train_images(self) -> int: ...
    @property
    def test_images(self) -> int: ...
    @property
    def steps_per_epoch(self) -> int: ...
    @property
    def total_steps(self) -> int: ...
    @property
    def first_step(self) -> int:
        """Steps done before."""
    @property
    def epochs(self) -> int: ...
    @property
    def parameters(self) -> int: ...
    @property
    def isa(self) -> str: ...
    @property
    def threads(self) -> int: ...
    @property
    def folder(self) -> str:
        """Of the run; empty without one."""

@final
class StepReport:
    """A step of fit."""

    @property
    def step(self) -> int:
        """Done, this one included."""
    @property
    def total_steps(self) -> int: ...
    @property
    def epoch(self) -> int:
        """From 1."""
    @property
    def loss(self) -> float:
        """Mean of this batch, before its update."""
    @property
    def accuracy(self) -> float: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def images_per_second(self) -> float: ...
    @property
    def seconds_left(self) -> float: ...

@final
class EpochReport:
    """An epoch of fit, evaluated."""

    @property
    def epoch(self) -> int:
        """From 1."""
    @property
    def step(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def train_accuracy(self) -> float: ...
    @property
    def test_loss(self) -> float:
        """NaN where there is nothing to evaluate on, and so is the accuracy."""
    @property
    def test_accuracy(self) -> float: ...
    @property
    def best(self) -> bool: ...
    @property
    def images_per_second(self) -> float: ...
    @property
    def seconds(self) -> float: ...
    @property
    def waited(self) -> float:
        """Share of the training steps that they waited for images to be loaded: 0 to 1."""

@final
class StepResult:
    """A step on images of the caller's."""

    @property
    def count(self) -> int: ...
    @property
    def hits(self) -> int: ...
    @property
    def loss(self) -> float:
        """Mean over the batch, before its update."""
    @property
    def accuracy(self) -> float: ...

@final
class FitResult:
    """What became of a call of fit."""

    @property
    def stopped(self) -> bool:
        """Before the end: fit can be called again."""
    @property
    def step(self) -> int: ...
    @property
    def signature(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def test(self) -> Evaluation: ...
    @property
    def folder(self) -> str: ...
    @property
    def step_losses(self) -> NDArray[np.float64]:
        """Of each step of this call, mean of its batch."""

# Told of "start" (a Plan), "step" (a StepReport), "epoch" (an EpochReport), in the thread that called fit. True ends the training after the step;
# what it raises does so too, with the state saved, and is raised from fit.
_Observer = Callable[[str, Any], object]

@final
class Trainer:
    """A training: a net, its data and its place in the run.

    Parameters
    ----------
    settings : Settings
        Copied. Its net is that of `net`, its ``threads`` as they are.
    data : DataSplits
    net : Net
        What it trains.
    folder : bool
        Write a run folder, ``settings["out"]`` or the first free ``runs/<data>-<model>-<n>``, as ``intrain train`` does; else nothing is written.
    begin : Net
        Whose numbers it begins with, as ``--init-from`` does: the last layer is new where classes differ. None: those of `net`, if it has any.
    """

    def __init__(self, settings: Settings, data: DataSplits, net: Net, folder: bool = False, begin: Net | None = None) -> None: ...
    @staticmethod
    def resume(state: bytes, settings: Settings, data: DataSplits, folder: bool = False) -> Trainer:
        """Goes on from the bytes of a checkpoint. settings: `resume_settings`, of which ``out`` and `Settings.keys` of ``on_resume`` may be others,
        ``epochs`` and ``patience`` within limits. Raises `CheckpointError`, `DataError` or `ConfigError` where it cannot go on to the same result."""
    def fit(self, observer: _Observer | None = None, step_seconds: float | None = None) -> FitResult:
        """What is left of the epochs. `step_seconds`: at most so often the observer is told of the newest step; 0: of each; None: of none.

        Ctrl-C, and whatever a signal handler raises, is raised once the running step is done and the state saved; fit can then be called again.
        """
    def step(self, images: NDArray[np.uint8], labels: NDArray[np.int32]) -> StepResult:
        """One step on 1 .. batch images with the learning rate that is due: as evaluation sees them, neither cropped nor mirrored."""
    def evaluate(self, data: Dataset) -> Evaluation: ...
    def predict(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.int32], int]:
        """As Net.predict, with the settings' batch and threads."""
    def inspect(self) -> list[TensorNumbers]:
        """The numbers of the step that comes next, which is not taken: only its net's running statistics are put back afterwards."""
    def state(self) -> bytes:
        """All of it as a checkpoint's bytes."""
    def net(self) -> Net:
        """A copy of the net as it is now."""
    def parameters(self) -> list[Parameter]:
        """Views of the net that trains: they change with each step."""
    @property
    def signature(self) -> str: ...
    @property
    def steps_done(self) -> int: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def settings(self) -> Settings:
        """A copy, with what was taken from the checkpoint that it began with."""
    @property
    def normalization(self) -> NDArray[np.int8]:
        """[c][256]: what a pixel is to the net, in 2**-5 of a standard deviation."""
    @property
    def folder(self) -> str:
        """Of the run; empty before the first fit and without one."""

def resume_settings(state: bytes) -> Settings:
    """The settings of the training that the checkpoint's bytes are of."""

def read_resume_point(folder: str) -> tuple[bytes, list[str]]:
    """The newest whole checkpoint of a run folder, and a line for each newer one that is damaged. Raises `CheckpointError`."""
