"""Writes the docstrings of a stub as a table for C++: python3 docstrings.py _core.pyi docstrings.inc

A row each, ``{"Trainer.fit", "..."}``, sorted by name, the module's first; names without a docstring are left out.
"""

import ast
import json
import sys
from pathlib import Path


def docstrings(body, prefix=""):
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            if text := ast.get_docstring(node):
                yield prefix + node.name, text
            if isinstance(node, ast.ClassDef):
                yield from docstrings(node.body, node.name + ".")


def main(stub, table):
    module = ast.parse(Path(stub).read_text(encoding="utf-8"))
    found = {"": ast.get_docstring(module), **dict(docstrings(module.body))}
    rows = (f"{{{json.dumps(name)}, {json.dumps(found[name])}}},\n" for name in sorted(found))
    Path(table).write_text("".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
