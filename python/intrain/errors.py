"""What the outside world does wrong: files, settings, data."""


class Error(ValueError):
    """What is wrong, where, and what to do about it.

    Parameters
    ----------
    message : str
    where : str
        The value of the setting that is wrong, else the file; may be empty.
    hint : str
        What to do. Settings stand in backquotes, by their keyword arguments.
    setting : str
        The setting that is wrong; empty if it is none.
    """

    def __init__(self, message: str, where: str = "", hint: str = "", setting: str = "") -> None:
        super().__init__(message, where, hint, setting)  # so that it can be pickled
        self.message = message
        self.where = where
        self.hint = hint
        self.setting = setting

    def __str__(self) -> str:
        place = " ".join(filter(None, (self.setting, self.where)))
        return self.message + (f" ({place})" if place else "") + (f"\nhint: {self.hint}" if self.hint else "")


class ConfigError(Error):
    """A setting, or settings that do not go together."""


class NetError(ConfigError):
    """A net that cannot be, or does not fit the images."""


class DataError(Error):
    """Images, labels, or the files that they are read from."""


class CheckpointError(Error):
    """A checkpoint or a run folder: damaged, of another net, or not to be read."""


class ExchangeError(Error):
    """A file of another program that is not taken, or a form that cannot hold the net."""


class BusyError(Error):
    """The object is at work in another thread, or in this one further up."""
