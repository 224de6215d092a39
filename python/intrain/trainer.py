"""The loop, for those who want it."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._arrays import as_images, as_labels
from ._settings import SGD, Schedule, SettingValue, make_settings, set_all, settings_dict, threads_of
from .callbacks import AnyCallback, Progress, as_callbacks, step_seconds
from .data import READ_WITH, Data, Stream
from .errors import ConfigError, DataError
from .history import History
from .net import Net, Output, output_of

logger = logging.getLogger("intrain")


class Trainer:
    """A training: a net, its data, its settings and its place in the run.

    Parameters
    ----------
    net : str, path or Net
        A name of `intrain.model_names`, a net file, or a net; of one that has numbers they are what the training begins with.
    optimizer : SGD or {"momentum", "plain"}
    data : Data, Stream or str
        May come with fit. A str is a data spec, as ``intrain train --data`` takes it.
    schedule : Schedule or str
    widths : mapping
        Of number formats, as ``{"w": 4}``; `Settings().widths()` lists them.
    recipe : {"intrain", "wageubn"}
    out : str or path
        Run folder to make, as ``intrain train`` does; None: nothing is written, and "": the first free ``runs/<data>-<model>-<n>``.
    **settings
        By the keys of ``intrain train``: ``epochs``, ``batch``, ``lr``, ``seed``, ``threads``, ``freeze``, ``label_smoothing`` ...; those given
        win over the objects. The result depends on all but ``threads``, ``recompute``, ``out``, ``save_every``, ``keep`` and
        ``audit_every``.

    Raises
    ------
    ConfigError
        For a setting that there is not, or that cannot be.
    """

    def __init__(
        self,
        net: str | os.PathLike[str] | Net = "resnet8",
        optimizer: SGD | str | None = None,
        data: Data | Stream | str | None = None,
        *,
        schedule: Schedule | str | None = None,
        widths: Mapping[str, int | str] | None = None,
        recipe: str | None = None,
        out: str | os.PathLike[str] | None = None,
        **settings: object,
    ) -> None:
        for key in ("data", "model", "net", "init_from"):
            if key in settings:
                raise ConfigError(f"`{key}` is no keyword here", setting=key, hint="give the net as `net`, the data as `data`")
        self._settings = make_settings(settings, recipe=recipe, optimizer=optimizer, schedule=schedule, widths=widths)
        self._given = set(settings)
        self._folder = out is not None
        if out is not None:
            self._settings["out"] = os.fspath(out)
        if isinstance(net, Net) and net.has_numbers:
            self._settings["init_from"] = "memory"
        self._settings.validate()
        self._net = net
        self._is_stream = False
        self._core: _core.Trainer | None = None
        self.data: Data | None = None
        if data is not None:
            self._begin(data)

    def _begin(self, data: Data | Stream | str) -> None:
        settings = self._settings
        if isinstance(data, Stream):
            self._is_stream = True
            set_all(settings, data.settings)
            data = data.data(int(settings["batch"]))  # type: ignore[arg-type]
        elif isinstance(data, str):
            data = Data._read(data, settings)
        if not isinstance(data, Data):
            raise DataError(f"{type(data).__name__} is no data set", hint="give intrain.Data(X, y, X_val, y_val), or a data spec")
        for key in self._given.intersection(READ_WITH):
            if settings[key] != data.settings.get(key, _core.Settings()[key]):
                raise ConfigError(
                    "the data were read with another", setting=key, hint=f"give `{key}` where they are read: to ImageFolder or load_data"
                )
        if self._is_stream and settings["balance"]:
            raise ConfigError("a stream has no classes to balance", setting="balance", hint="leave it out")
        set_all(settings, {key: value for key, value in data.settings.items() if key not in self._given})
        settings.refuse_idle(list(self._given))
        net = self._net if isinstance(self._net, Net) else Net(self._net, data.shape, data.classes)
        if net.shape != data.shape or (net.classes != data.classes and not net.has_numbers):
            raise DataError(
                f"a net for images of {net.shape} and {net.classes} classes, but data of {data.shape} and {data.classes}",
                hint="make the net for images like the data's",
            )
        if net.classes != data.classes:  # fine-tuning: the same net with another last layer
            described = Net._of(_core.Net(net.model, *data.shape, data.classes, net.toml))
            self._core = _core.Trainer(settings, data.splits, described._core, self._folder, net._core)
        else:
            self._core = _core.Trainer(settings, data.splits, net._core, self._folder)
        self.data = data

    @classmethod
    def resume(cls, source: str | os.PathLike[str] | bytes, data: Data | str | None = None, **settings: object) -> Trainer:
        """Goes on from a run folder, of this package or of ``intrain train``, or from the bytes of `state`, to the same result as without the stop.

        Parameters
        ----------
        source : path or bytes
        data : Data or str
            The data that the run began with; None: read again by its spec.
        **settings
            ``threads``, ``recompute``, ``save_every``, ``keep``, ``audit_every``; ``epochs`` and ``patience`` where no step done would have been another.
        """
        folder = not isinstance(source, bytes)
        if isinstance(source, bytes):
            state = source
        else:
            state, damaged = _core.read_resume_point(os.fspath(source))
            for line in damaged:
                logger.warning("left out as damaged: %s", line)
        made = _core.resume_settings(state)
        threads = settings.pop("threads", None)
        made["threads"] = threads_of(threads)  # type: ignore[arg-type]
        made["out"] = os.fspath(source) if not isinstance(source, bytes) else ""
        for key in settings:
            if key not in made.keys(on_resume=True):
                raise ConfigError("the settings of a run cannot change while it goes on", setting=key, hint="begin another, with `net=Net.load(...)`")
        set_all(made, settings)
        made.validate()
        if data is None or isinstance(data, str):
            try:
                data = Data._read(data or str(made["data"]), made)
            except DataError as e:
                raise DataError(e.message, e.where, f"{e.hint}; the arrays of a run are given as `data`", e.setting) from e
        made["data"] = data.splits.name
        self = cls.__new__(cls)
        self._settings, self._folder, self._given, self.data = made, folder, set(), data
        self._net = str(made["model"])
        self._is_stream = made["data"] == Stream.NAME
        self._core = _core.Trainer.resume(state, made, data.splits, folder)
        return self

    def _working(self) -> _core.Trainer:
        if self._core is None:
            raise DataError("the trainer has no data yet", hint="give `data` to Trainer or to fit; intrain.Stream where there are none before")
        return self._core

    def fit(
        self,
        data: Data | Stream | str | None = None,
        epochs: int | None = None,
        callbacks: AnyCallback | list[AnyCallback] | tuple[AnyCallback, ...] | None = None,
        verbose: int = 0,
    ) -> History:
        """Trains what is left of the epochs.

        Ctrl-C ends it after the running step, with the state saved, and raises KeyboardInterrupt; fit can then be called again, to the same result.

        Parameters
        ----------
        data : Data or str
            Once: with it the training begins.
        epochs : int
            Of the whole training; another number than before where no step done would have been another.
        callbacks : Callback, function(trainer, epoch), or several
        verbose : int
            1: `Progress`.
        """
        if epochs is not None and self._core is None:
            self._settings["epochs"] = epochs
            self._settings.validate()
            self._given.add("epochs")
        if data is not None and self._core is None:
            self._begin(data)
        elif data is not None and data is not self.data:
            raise DataError("the training has its data already", hint="make a Trainer for each; `Trainer(trainer.net, data=...)` trains on")
        core = self._working()
        if self._is_stream:
            raise DataError("a stream has no images to go through", hint="train with step(images, labels)")
        if epochs is not None and epochs != self._settings["epochs"]:
            core = self._lengthen(epochs)
        assert self.data is not None
        several = as_callbacks(callbacks)
        if verbose:
            several.append(Progress())
        history = History(self.data.has_validation)

        def observe(event: str, report: Any) -> bool:
            if event == "start":
                logger.info("training of %d parameters begins at step %d of %d", report.parameters, report.first_step, report.total_steps)
                answers = [c.on_train_begin(self, report) for c in several]
            elif event == "step":
                answers = [c.on_step_end(self, report) for c in several]
            else:
                history._add(report)
                logger.info("epoch %d: loss %.4f, accuracy %.4f", report.epoch, report.train_loss, report.train_accuracy)
                answers = [c.on_epoch_end(self, report) for c in several]
            return any(answer is True for answer in answers)

        try:
            result = core.fit(observe, step_seconds(several))
            history._end(result)
        finally:
            for callback in several:
                callback.on_train_end(self, history)
        return history

    def _lengthen(self, epochs: int) -> _core.Trainer:
        core = self._working()
        assert self.data is not None
        settings = self._settings.copy()
        settings["epochs"] = epochs
        if core.folder:
            settings["out"] = core.folder
        self._core = _core.Trainer.resume(core.state(), settings, self.data.splits, bool(core.folder))
        self._settings = settings
        return self._core

    def step(self, images: Any, labels: Any, layout: str = "NHWC") -> _core.StepResult:
        """One step on 1 to ``batch`` images with the learning rate that is due: as they are, neither cropped nor mirrored.

        The result then depends on the order in which the caller brings them.
        """
        core = self._working()
        pixels = as_images(images, layout=layout)
        classes = self.data.classes if self.data is not None else None
        return core.step(pixels, as_labels(labels, len(pixels), classes).astype(np.int32))

    def evaluate(self, X: Any, y: Any = None, layout: str = "NHWC") -> _core.Evaluation:
        """On a data set, as ``trainer.data.test``, or on images and labels."""
        core = self._working()
        if isinstance(X, _core.Dataset):
            return core.evaluate(X)
        assert self.data is not None
        images = as_images(X, layout=layout)
        if y is None:
            raise DataError("there are no labels", hint="give evaluate(X, y), or a data set")
        return core.evaluate(_core.Dataset(images, as_labels(y, len(images), self.data.classes), self.data.classes))

    def predict(self, X: Any, output: Output = "classes", layout: str = "NHWC") -> NDArray[Any]:
        """As `Net.predict`."""
        logits, exponent = self._working().predict(as_images(X, layout=layout))
        return output_of(logits, exponent, output)

    def inspect(self) -> dict[str, dict[str, _core.TensorNumbers]]:
        """How the numbers of the next step are distributed: ``inspect()["conv0"]["E2"].counts`` over ``.edges``, as numpy.histogram has them."""
        layers: dict[str, dict[str, _core.TensorNumbers]] = {}
        for numbers in self._working().inspect():
            layers.setdefault(numbers.layer, {})[numbers.kind] = numbers
        return layers

    def state(self) -> bytes:
        """All of the training: `resume` goes on from it, here or on another machine."""
        return self._working().state()

    @property
    def net(self) -> Net:
        """A copy of the net as it is now."""
        return Net._of(self._working().net())

    @property
    def parameters(self) -> dict[str, _core.Parameter]:
        """By name: views of the net that trains, which change with each step."""
        return {p.name: p for p in self._working().parameters()}

    @property
    def signature(self) -> str:
        """16 hexadecimal digits: of all state, as ``intrain train`` prints them."""
        return self._working().signature

    @property
    def steps_done(self) -> int:
        return 0 if self._core is None else self._core.steps_done

    @property
    def plan(self) -> _core.Plan:
        return self._working().plan

    @property
    def folder(self) -> str:
        """Of the run; empty before the first fit and without one."""
        return "" if self._core is None else self._core.folder

    @property
    def settings(self) -> dict[str, SettingValue]:
        """All of them, by their keys."""
        return settings_dict(self._settings if self._core is None else self._core.settings)

    @property
    def command(self) -> str:
        """The command that trains the same, where the data is a spec."""
        return (self._settings if self._core is None else self._core.settings).command()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a Trainer holds its data and threads; pickle trainer.state(), or trainer.net, and go on with Trainer.resume")

    def __repr__(self) -> str:
        name = self._net if isinstance(self._net, (str, os.PathLike)) else self._net.model
        return f"<Trainer of {os.fspath(name)}: {self.steps_done} steps done>"
