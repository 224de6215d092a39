"""One training on many processes: ``mpirun -n 4 python train.py`` gives the signature of ``python train.py`` (docs/ranks.md).

>>> import intrain
>>> intrain.distributed.initialize()      # first: each process that mpirun or srun started is a rank from here on
>>> intrain.distributed.rank(), intrain.distributed.ranks()     # without them there is one
(0, 1)
"""

from __future__ import annotations

import atexit
import contextlib
import sys
from pathlib import Path
from types import TracebackType

from . import _core
from .errors import Error


def initialize() -> None:
    """Makes this process a rank; where neither ``mpirun`` nor ``srun`` started several it does nothing.

    All trainings made from here on are trainings of all ranks: each is given the same images, of which it takes its part, the batch is the whole one, and
    all have the same result. `Trainer`'s constructor, ``fit``, ``step``, ``evaluate`` and ``predict``, and `Classifier`'s ``fit`` and ``partial_fit``,
    wait for all, which must call them in the same order; a `Net`, and so a fitted `Classifier`, answers each rank by itself. Rank 0 alone writes run
    folders and the files of `Checkpoint`, and shows `Progress`. An exception that ends a rank ends all.

    Its plug-in intrain_mpi.so lies in the folder of this package, or is the file that the environment's ``INTRAIN_MPI`` names. Where MPI was initialized
    before, as by mpi4py, it is used as it is, with ``MPI_THREAD_MULTIPLE``, and is not finalized here.

    Raises
    ------
    Error
        If the plug-in is not there, the ranks do not come together, or `stay_apart` was called before.
    """
    if is_initialized() or not _core.launcher():
        return
    from multiprocessing import parent_process

    if parent_process() is not None:
        raise Error(
            f"a process of multiprocessing is none of those that {_core.launcher()} started", hint='call initialize() under `if __name__ == "__main__":`'
        )
    _core.join_ranks(str(Path(_core.__file__).parent))
    before = sys.excepthook

    def end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        try:
            if _part(error):
                if rank() > 0 and _core.rank_name():
                    print(f"{_core.rank_name()}:", file=sys.stderr)
                before(kind, error, trace)
        finally:
            _leave()

    sys.excepthook = end
    atexit.register(_leave)


def _part(error: BaseException) -> bool:
    """Tells the others that this rank ends by it; whether this one is to write it."""
    try:
        text = str(error)
    except Exception:  # of a class of the user's
        text = ""
    return _core.end_ranks(f"{type(error).__name__}: {text}".encode(errors="backslashreplace").decode())


def _leave() -> None:
    # Where another sys.excepthook was put in place of this module's, Python still knows the error. After one at a prompt the session lives on.
    error = getattr(sys, "last_value", None)
    if error is not None and not hasattr(sys, "ps1"):
        _part(error)
    for stream in (sys.stdout, sys.stderr):  # the process may end here
        with contextlib.suppress(Exception):  # closed, or nobody reads it
            if stream is not None:
                stream.flush()
    _core.leave_ranks()


def stay_apart() -> None:
    """In place of `initialize`, where each process that was started is to train for itself: other data, other settings.

    Raises
    ------
    Error
        If this process is a rank; and so does `initialize` after this.
    """
    _core.stay_apart()


def is_initialized() -> bool:
    """Whether this process is a rank; not so in one that it forked."""
    return _core.are_ranks_joined()


def rank() -> int:
    """Which of the ranks this is, 0 .. `ranks` - 1."""
    return _core.rank()


def ranks() -> int:
    """How many there are; 1 before `initialize`."""
    return _core.rank_count()
