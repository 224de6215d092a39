"""The reference of the Python package: `tools/docs.sh python` makes build/docs/python of it.

The extension need not be built: its stubs, python/intrain/_core.pyi, hold all that there is to say of it and are read in its place.
"""

import __future__
import re
import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
version = re.search(r'kVersion = "(.*)"', (ROOT / "src/core/version.h").read_text())[1]

stubs = ROOT / "python/intrain/_core.pyi"
core = types.ModuleType("intrain._core")
exec(compile(stubs.read_text(), str(stubs), "exec", __future__.annotations.compiler_flag), core.__dict__)
core.__version__ = version
sys.modules["intrain._core"] = core
sys.path.insert(0, str(ROOT / "python"))

project = "intrain"
release = version
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]
html_theme = "alabaster"
html_theme_options = {"description": "Trains deep networks wholly in 8-bit integers", "page_width": "1100px"}
html_show_copyright = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
default_role = "code"
# The guide's links lead to the repository's other documents.
suppress_warnings = ["myst.xref_missing"]
