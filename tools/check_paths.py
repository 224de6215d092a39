#!/usr/bin/env python3
"""Holds the paths that documents and comments name to what is there. Prints each breach as file:line and exits 1 if there is one.

    tools/check_paths.py [ROOT]        ROOT: the repository (default: the one this script lies in)

1. A source, script or document with a folder before its name, as nn/net.h, is there: from the repository, from src/ or src/ops/, or from the
   folder of the file that names it or one above. <isa> and * stand for any name.
2. A folder with src/, tests/, tools/, docs/, bench/, examples/ or python/ before it and / behind it, as src/nn/, is there.
3. In a document `nn/net`, in backquotes and without an ending, is a folder or file of src/.
"""
import re
import sys
from pathlib import Path

ENDINGS = "h|cc|def|inc|py|sh|md|cmake|toml|proto"
NAME = r"(?:[\w.*]|<[a-z]+>|-)+"
START = r"(?<![\w/.>$}*~\\{-])"
FILE = re.compile(rf"{START}((?:{NAME}/)+{NAME}\.(?:{ENDINGS}))(?![\w/*])")
FOLDER = re.compile(rf"{START}((?:src|tests|tools|docs|bench|examples|python)/(?:{NAME}/)*)(?![\w.*<$\{{])")
INCLUDE = re.compile(r'\s*#\s*include\s*[<"]')  # tools/check_includes.py holds those
ELSEWHERE = re.compile(r"(build|gtest|fmt|simde|tensorflow|intrain_\w+\.dir)/|.*\.\.\.")  # what is built, and files of others


def any_name(path):
    return re.sub(r"<[a-z]+>", "*", path)


def is_there(path, places):
    return any(next(place.glob(any_name(path)), None) is not None for place in places)


def breaches_of(root, file):
    src = root / "src"
    folders = [src / name for name in ("", "ops")] + [p for p in file.parents if p.is_relative_to(root)]
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if INCLUDE.match(line) and file.suffix != ".md":
            continue
        for match in FILE.finditer(line):
            path = match[1].removeprefix("intrain/")
            if not ELSEWHERE.match(path) and not is_there(path, folders):
                yield number, f"{path} is not there"
        for match in FOLDER.finditer(line):
            path = match[1].rstrip("/")
            if not is_there(path, [root]):
                yield number, f"{path}/ is not there"
        if file.suffix == ".md":
            for match in re.finditer(r"`(\w+/\w+)`", line):
                if (src / match[1].split("/")[0]).is_dir() and not is_there(match[1], [src]) and not is_there(match[1] + ".*", [src]):
                    yield number, f"{match[1]} is not in src/"


def main():
    root = (Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]).resolve()
    files = sorted(root.glob("*.md")) + [root / name for name in ("Makefile", "CMakeLists.txt") if (root / name).exists()]
    for folder in ("src", "tests", "tools", "docs", "bench", "examples", "cmake", "python"):
        files += sorted(p for p in (root / folder).rglob("*") if re.fullmatch(rf".*\.({ENDINGS}|txt|dox)", p.name))
    # The tests of the checks plant breaches.
    files = [f for f in files if f.is_file() and "corpus" not in f.parts and (f.parent.name != "tools" or f.parent.parent.name != "tests")]
    if not files:
        print(f"error: no document in {root}", file=sys.stderr)
        return 2
    breaches = [f"{file.relative_to(root)}:{line}: {what}" for file in files for line, what in breaches_of(root, file)]
    print("\n".join(breaches + [f"{len(files)} files: {len(breaches)} paths that are not there"]))
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
