"""A scikit-learn estimator. Importing this takes scikit-learn, and `intrain.Classifier` imports it when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from . import _online
from ._arrays import as_images
from ._curve import learning_curve
from ._parameters import Model, mirror_of, net_of, trainer_of
from ._settings import Schedule
from ._sklearn import dimensions, label_array, numbers_of, threads_default, validate_data
from ._tables import FeatureMap
from .callbacks import AnyCallback, Callback, as_callbacks
from .data import Data
from .errors import DataError
from .history import History
from .net import Net, Output
from .trainer import Trainer


class _KeepHistory(Callback):
    def __init__(self) -> None:
        self.history: History | None = None

    def on_train_end(self, trainer: Trainer, history: History) -> None:
        self.history = history


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A net that is trained wholly in 8-bit integers, as a scikit-learn estimator.

    X is images, uint8 [n, h, w] or [n, h, w, c] with 1 to 3 channels, which are not copied; or a table of any numbers, [n, features]. Of a table each
    feature is stored as a byte, ``128 + 32 (x - mean) / deviation`` of the training's, within 4 deviations. y is labels of any kind. ``score`` is
    the accuracy.

    Parameters
    ----------
    model : str, path, Net or function, default="auto"
        A name of `intrain.model_names`, a net file that ends with ``.toml``, a net (one with numbers is trained on), or
        function((h, w, c), classes) that makes one; a table is images of (1, features, 1). "auto": ``resnet8``, and ``mlp`` of a table.
    epochs : int, default=3
        1 to 100000.
    batch_size : int, default=128
        Images a step, 1 to 65536; all of them where there are fewer.
    learning_rate : float, default=None
        At its peak, 1e-9 to 100. None: 0.05 for ``mlp``, which has no batch norm, and else the recipe's, 0.1.
    momentum, weight_decay, schedule, warmup : default=None
        As `intrain.SGD` and `intrain.Schedule` have them. None: the recipe's, 0.9, 1e-4, "cosine" and 0.
    augment : {"standard", "none"}, default=None
        Random windows and mirrors of images, or the images as they are. None: "standard", and "none" of a table.
    mirror : bool or {"random", "alternate", "none"}, default=True
        False: an image and its mirror image do not mean the same, as of digits. True is "random": half of the images in each epoch; "alternate":
        each in every other epoch.
    balance : bool, default=False
        Show all classes equally often.
    recipe : {"intrain", "wageubn"}, default=None
    widths : mapping, default=None
        Of number formats, as ``{"w": 4}``.
    settings : mapping, default=None
        Others of ``intrain train``, by key, for which there is no parameter here: ``{"label_smoothing": 0.1, "freeze": ["conv*"]}``.
    random_state : int, RandomState or None, default=0
        An int, 0 to 2**64 - 1, is the seed of ``intrain train``: the same int gives the same net on every machine. None: another one each time.
    n_jobs : int, default=None
        Threads; they change no bit. None and -1: all cores of this process, or fewer where ``INTRAIN_NUM_THREADS`` or, for None,
        ``OMP_NUM_THREADS`` say so, as joblib does to its workers.
    verbose : int, default=0
        1: shows progress.

    Attributes
    ----------
    classes_ : [classes]
        The labels, sorted.
    history_ : History
        Of the last fit: ``history_["val_accuracy"]``, ``history_.plot()``.
    loss_ : float
        Of the last `partial_fit`: mean over its images, before they were learned from.
    net_ : Net
        With its numbers: ``clf.net_.save("net.ckpt")`` is for the command line.
    signature_ : str
        16 hexadecimal digits, as ``intrain train`` prints them.
    image_shape_ : (h, w, c)
    feature_map_ : FeatureMap or None
        ``mean`` and ``scale`` of each feature of a table.
    n_features_in_ : int
        Columns of a table, or numbers in an image.

    Examples
    --------
    >>> from intrain import Classifier
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)      # 1797 images of 8 x 8 as a table
    >>> clf = Classifier(epochs=20, batch_size=32, n_jobs=1).fit(X[:1500], y[:1500])
    >>> clf.score(X[1500:], y[1500:]) > 0.9
    True
    """

    _net: Net
    _online: Trainer | None

    def __init__(
        self,
        model: Model = "auto",
        *,
        epochs: int = 3,
        batch_size: int = 128,
        learning_rate: float | None = None,
        momentum: float | None = None,
        weight_decay: float | None = None,
        schedule: Schedule | str | None = None,
        warmup: float | None = None,
        augment: str | None = None,
        mirror: bool | str = True,
        balance: bool = False,
        recipe: str | None = None,
        widths: Mapping[str, int | str] | None = None,
        settings: Mapping[str, object] | None = None,
        random_state: Any = 0,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.model = model
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.warmup = warmup
        self.augment = augment
        self.mirror = mirror
        self.balance = balance
        self.recipe = recipe
        self.widths = widths
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(
        self, X: Any, y: Any, *, validation_data: tuple[Any, Any] | None = None, callbacks: AnyCallback | list[AnyCallback] | None = None
    ) -> Classifier:
        """Trains a net anew.

        Ctrl-C ends it after the running step and raises KeyboardInterrupt; the classifier then is what was learned so far.

        Parameters
        ----------
        X : uint8 [n, h, w] or [n, h, w, c], or numbers [n, features]
        y : labels [n]
            Of two classes at least.
        validation_data : (X, y)
            To evaluate on after each epoch; their labels must be among those of `y`.
        callbacks : Callback, function(trainer, epoch), or several
            One that returns True ends the training: ``intrain.EarlyStopping(3)``.

        Raises
        ------
        Error
            For images that are not uint8, settings that cannot be, a single class: the hint is what to write.
        ValueError
            Of scikit-learn, for tables with NaN, of other lengths than y, or not of numbers.
        """
        images = self._as_images(X, reset=True)
        y = label_array(y, images)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise DataError(f"the labels are all of one class, {self.classes_[0]!r}", hint="there is nothing to learn: give images of two at least")
        validation = () if validation_data is None else self._as_validation(validation_data)
        names = [str(c) for c in self.classes_.tolist()]
        data = Data(images, numbers_of(y, self.classes_), *validation, classes=len(names), class_names=names, mirror=mirror_of(self)[0])
        batch = min(self.batch_size, len(images)) if isinstance(self.batch_size, (int, np.integer)) else self.batch_size
        trainer = trainer_of(self, net_of(self), data, {"batch": batch})
        kept = _KeepHistory()
        try:
            trainer.fit(callbacks=[*as_callbacks(callbacks), kept], verbose=self.verbose)
        finally:
            if kept.history is not None:
                self.history_ = kept.history
            self._net, self._online = trainer.net, None
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Classifier:
        """Learns from some more images, each seen once and as it is, at a learning rate that stays.

        It goes on from what was learned before, by `fit` too. The first one sets how pixels are scaled, or a table's features: begin with
        some hundreds, or with `fit`. Parameters of the constructor hold as they were then.

        Parameters
        ----------
        X, y : as in `fit`
            Learned from in steps of at most `batch_size`; on ranks (`intrain.distributed`) each step, the last too, takes an image for each.
        classes : labels
            All that will come; needed the first time.
        """
        first = not hasattr(self, "_net")
        if first and classes is None:
            raise DataError("the first partial_fit must know all classes", hint="give `classes`, as classes=numpy.unique(y)")
        images = self._as_images(X, reset=first)
        y = label_array(y, images)
        if first:
            self.classes_ = np.unique(classes)
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise DataError(f"`classes` are {np.unique(classes)}, but were {self.classes_} when learning began", hint="leave them out")
        numbers = numbers_of(y, self.classes_)
        before = None if first else self._online
        online = before
        if online is None or not _online.is_open(online):
            online = _online.open_stream(
                net_of(self) if first else self.net_, images, self.feature_map_ is not None, mirror_of(self)[0],
                lambda net, data: trainer_of(self, net, data, _online.SETTINGS), self.batch_size, threads_default(self.n_jobs),
            )
        batch = int(online.settings["batch"])  # type: ignore[arg-type]
        _online.check_last_step(len(images), batch)
        if online is not before:
            self._online, self._net = online, online.net
        losses = 0.0
        for at in range(0, len(images), batch):
            step = online.step(images[at : at + batch], numbers[at : at + batch])
            losses += step.loss * step.count
        self.loss_ = losses / len(images)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels [n], of the largest logit each."""
        numbers = self._predict(X, "integers").argmax(axis=1)
        return np.asarray(self.classes_[numbers])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities [n, classes], in the order of `classes_`."""
        return self._predict(X, "probabilities")

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Logits [n, classes]; of two classes [n], those of the second less those of the first."""
        logits = self._predict(X, "logits")
        return np.asarray(logits[:, 1] - logits[:, 0]) if len(self.classes_) == 2 else logits

    @property
    def net_(self) -> Net:
        check_is_fitted(self, "_net")
        return self._net if self._online is None else self._online.net

    @property
    def signature_(self) -> str:
        check_is_fitted(self, "_net")
        return self._net.signature if self._online is None else self._online.signature

    def _predict(self, X: Any, output: Output) -> NDArray[Any]:
        check_is_fitted(self, "_net")
        images = self._as_images(X, reset=False)
        if self._online is not None:
            return self._online.predict(images, output)
        return self._net.predict(images, output, n_jobs=threads_default(self.n_jobs))

    def _as_images(self, X: Any, reset: bool) -> NDArray[np.uint8]:
        if dimensions(X) not in (3, 4):
            if not reset and self.feature_map_ is None:
                raise DataError(f"a table, but images of {self.image_shape_} were learned from", hint="give X as [n, h, w] or [n, h, w, c]")
            table = validate_data(self, X, reset=reset)
            if reset:
                self.feature_map_: FeatureMap | None = FeatureMap(table)
                self.image_shape_: tuple[int, int, int] = (1, table.shape[1], 1)
            assert self.feature_map_ is not None
            return self.feature_map_.images(table)
        images = as_images(X)
        shape = (images.shape[1], images.shape[2], images.shape[3])
        if reset:
            self.feature_map_, self.image_shape_, self.n_features_in_ = None, shape, int(np.prod(shape))
            self.__dict__.pop("feature_names_in_", None)
        elif self.feature_map_ is not None or shape != self.image_shape_:
            learned = "a table was" if self.feature_map_ is not None else f"those of {self.image_shape_} were"
            raise DataError(f"images of {shape}, but {learned} learned from", hint="give X of the same shape, a single image as X[None]")
        return images

    def _as_validation(self, pair: tuple[Any, Any]) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise DataError("`validation_data` is no pair", hint="give validation_data=(X_val, y_val)")
        images = self._as_images(pair[0], reset=False)
        return images, numbers_of(label_array(pair[1], images), self.classes_)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if state.get("_online") is not None:  # it goes on from the same state
            state["_net"], state["_online"] = state["_online"].net, None
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        """scikit-learn's box, and below it the learning curve."""
        bundle: dict[str, str] = super()._repr_mimebundle_(**options)
        if "text/html" in bundle and hasattr(self, "history_"):
            bundle["text/html"] += learning_curve(self.history_)
        return bundle
