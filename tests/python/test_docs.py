"""What documents show is what happens: every snippet in the docstrings, the page and the README, every example, the notebook."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import intrain

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
EXAMPLES = sorted((ROOT / "examples/python").glob("*.py"))
MODULES = [m.name for m in pkgutil.iter_modules(intrain.__path__) if m.name not in ("__main__", "_core")]


@pytest.mark.parametrize("name", ["", *MODULES])
def test_docstrings(name):
    if name in ("_parameters", "_sklearn", "classifier"):
        pytest.importorskip("sklearn")
    module = importlib.import_module("intrain" + (name and "." + name))
    assert doctest.testmod(module, optionflags=OPTIONS).failed == 0


def test_help_of_the_extension():
    """It shows what the stub says, which stands there alone."""
    shown = 0

    def compare(nodes, owner):
        nonlocal shown
        for node in nodes:
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                continue
            thing = inspect.getattr_static(owner, node.name)
            if text := ast.get_docstring(node):
                assert text in inspect.cleandoc(thing.__doc__), node.name
                shown += 1
            if isinstance(node, ast.ClassDef):
                compare(node.body, thing)

    stub = ast.parse(Path(intrain.__file__).with_name("_core.pyi").read_text())
    assert intrain._core.__doc__ == ast.get_docstring(stub)
    compare(stub.body, intrain._core)
    assert shown > 90


def test_the_page(tmp_path, monkeypatch):
    """One session, from its first snippet to its last."""
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs/python.md").read_text()
    test = doctest.DocTestParser().get_doctest(text, {}, "python.md", "docs/python.md", 0)
    assert len(test.examples) > 30
    said = []
    assert doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=said.append).failed == 0, "".join(said)


def test_the_readme(arrays):
    pytest.importorskip("sklearn")
    snippet = re.search(r"^    import intrain\n(?:    .*\n)*", (ROOT / "README.md").read_text(), re.M)[0]
    X, y, X_val, y_val = arrays
    exec(re.sub("^    ", "", snippet, flags=re.M), {"X": X, "y": y, "X_val": X_val, "y_val": y_val, "X_new": X_val})


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.name for path in EXAMPLES])
def test_examples(path, tmp_path):
    pytest.importorskip("sklearn")
    done = subprocess.run([sys.executable, path, "--quick"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()


def test_the_notebook(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    notebook = nbformat.read(ROOT / "examples/python/first_steps.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # stored without
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("<svg xmlns" in data.get("text/html", "") for data in shown) and any("image/png" in data for data in shown)
