"""``python -m intrain``: the command line, as the program intrain has it."""

import sys

from ._core import command_line


def main() -> int:
    return command_line(["intrain", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
