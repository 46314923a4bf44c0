"""Pages that run: ```{run} sh``` and ```{run} python``` blocks are executed, in order, in a folder of the page.

``{run} file NAME`` writes a file there. What a block prints stands below it, and ``:picture: NAME`` shows a picture
that it made. The blocks of a page run once; they run again when one of them, or any source of the package, has changed.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from pages import blocks
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

logger = logging.getLogger(__name__)
_PACKAGE = Path(__file__).parents[2] / "sgdode"
TIMEOUT = 600


def _package():
    found = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def _run(code, kind, folder, before):
    """The standard output of a block, with another path for the folder's own.

    ``before``: the Python of the page so far, which runs again, in silence.
    """
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "COLUMNS": "80",
        "MPLBACKEND": "agg",
        "PYTHONUNBUFFERED": "1",
    }
    if kind == "python":
        quiet = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    exec({!r})\n"
        command = [sys.executable, "-c", quiet.format(before) + code]
    else:
        command = ["sh", "-ec", code]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    if done.returncode:
        raise ExtensionError(f"a block failed with status {done.returncode}:\n{code}\n{done.stdout}{done.stderr}")
    return done.stdout.replace(str(folder.resolve()), "/home/me/sweep")


def run_page(text, folder):
    """What each block prints. The folder is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    printed, python = [], ""
    for kind, name, code in blocks(text):
        if kind == "file":
            (folder / name).write_text(code)
            printed.append("")
            continue
        printed.append(_run(code, kind, folder, python))
        if kind == "python":
            python += code
    return printed


def _kept(app):
    return Path(app.srcdir) / "_build" / "runs"


def run_pages(app):
    """Run what has changed; keep what is printed in ``app.executed``, by page."""
    app.executed, package = {}, _package()
    for path in sorted(Path(app.srcdir).glob("[!_]*/*.md")) + sorted(Path(app.srcdir).glob("*.md")):
        text = path.read_text()
        if not blocks(text):
            continue
        page = path.relative_to(app.srcdir).with_suffix("").as_posix()
        key = hashlib.sha256((package + json.dumps(blocks(text))).encode()).hexdigest()
        folder = _kept(app) / page
        done = folder.with_suffix(".json")
        if not done.exists() or json.loads(done.read_text())["key"] != key:
            logger.info("running %s", page)
            done.unlink(missing_ok=True)
            printed = run_page(text, folder)
            done.write_text(json.dumps({"key": key, "printed": printed}))
        app.executed[page] = json.loads(done.read_text())["printed"]


class Run(SphinxDirective):
    """A block that has run, what it printed, and its picture."""

    has_content = True
    required_arguments = 1
    optional_arguments = 1
    option_spec = {"picture": directives.unchanged, "alt": directives.unchanged, "hide": directives.flag}

    def run(self):
        kind, number = self.arguments[0], self.env.temp_data.setdefault("runs", 0)
        self.env.temp_data["runs"] += 1
        page = self.env.docname
        printed = self.env.app.executed[page][number]
        language = {"file": "yaml"}.get(kind, kind)
        code = nodes.literal_block("\n".join(self.content), "\n".join(self.content), language=language)
        found = [code]
        if kind == "file":
            code = nodes.container("", code, literal_block=True, classes=["literal-block-wrapper"])
            code.insert(0, nodes.caption("", self.arguments[1]))
            found = [code]
        if printed.strip():
            found.append(
                nodes.container("", nodes.literal_block(printed, printed, language="none"), classes=["output"])
            )
        if "picture" in self.options:
            found.append(self._picture(page))
        return found

    def _picture(self, page):
        name = self.options["picture"]
        path = f"/_build/runs/{page}/{name}"
        if not (Path(self.env.srcdir) / path.lstrip("/")).exists():
            raise self.error(f"no picture {name} was made")
        figure = nodes.image(uri=path, alt=self.options.get("alt", name))
        return figure


def setup(app):
    app.add_directive("run", Run)
    app.connect("builder-inited", run_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
