#!/usr/bin/env python3
"""Doxygen's input filter (docs/Doxyfile): the plain comments of a header as documentation.

    tools/doxygen_filter.py FILE

The comment that a file begins with documents the file, one before a declaration what is declared, one at the end of a line the member
there. What is indented or in columns (formulas, tables, code) is kept as it stands.
"""
import re
import sys
from pathlib import Path

ALONE = re.compile(r"(\s*)// ?(.*)")
AFTER = re.compile(r"(\s*[^\s}#/].*?\s)// (.*)")
PART = re.compile(r'#include "(.*\.def)"')
APART = re.compile(r"\s{2,}\S|.*\S {2,}\S")


def escaped(text):
    return re.sub(r"([\\@&$#<>%]|--)", r"\\\1", text)


def block(opening, lines):
    """The lines of one comment."""
    text, verbatim = [], False
    for line in lines:
        if verbatim != bool(APART.match(line)):
            verbatim = not verbatim
            text.append("@verbatim" if verbatim else "@endverbatim")
        text.append(line if verbatim else escaped(line))
    if verbatim:
        text.append("@endverbatim")
    return [opening, *(line.replace("*/", "* /") for line in text), "*/"]


def converted(lines):
    at = 0
    while at < len(lines):
        alone, after = ALONE.fullmatch(lines[at]), AFTER.fullmatch(lines[at])
        if not alone and not after:
            yield lines[at]
            at += 1
            continue
        # What goes on below a comment behind a member stands in its column.
        column = len((alone or after)[1])
        if after:
            yield after[1]
        text = [(alone or after)[2]]
        first, at = at, at + 1
        while at < len(lines) and (more := ALONE.fullmatch(lines[at])) and len(more[1]) == column:
            text.append(more[2])
            at += 1
        yield from block("/**<" if after else "/** @file\n" if first == 0 else "/**", text)


def read(path):
    """The lines of a header, those of the lists in it in place of their includes: Doxygen reads includes for macros only."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        part = PART.fullmatch(line)
        lines += read(next(p / part[1] for p in path.parents if (p / part[1]).exists())) if part else [line]
    return lines


def main():
    print("\n".join(converted(read(Path(sys.argv[1])))))


if __name__ == "__main__":
    main()
