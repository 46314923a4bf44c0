"""The site: `make docs`. Nothing in it needs a network to be read: formulas are MathML, the search is a local index."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

project = "sgdode"
author = "The sgdode authors"
copyright = "the sgdode authors, MIT license"
release = version = version_of("sgdode")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "mathml",
    "executed",
    "generated",
]
html_theme = "furo"
html_title = "sgdode"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
exclude_patterns = ["_build", "_ext", "_static", "notebooks"]

myst_enable_extensions = ["dollarmath", "deflist", "colon_fence", "attrs_inline"]
smartquotes_action = "qe"  # two dashes begin an option
myst_heading_anchors = 3

nitpicky = True
# Types of other packages, and those that exist for the type checker alone, have no page here.
nitpick_ignore_regex = [("py:.*", r"(?!sgdode\.).*"), ("py:(class|obj|data|func)", r"sgdode\..*")]
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
