"""The documentation does what it says: its commands, specs and Python run, its names exist, and nothing is missing."""

import importlib
import os
import re
import subprocess
from pathlib import Path

import generated
import matplotlib
import pytest
import yaml
from pages import blocks
from support.specs import merged

import sgdode as package
from sgdode.cli.explain import keys
from sgdode.results.quantities import BY_BLOCK, QUANTITIES
from sgdode.spec.load import read_spec

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("[a-z]*/*.md"))]
PAGES = [page for page in PAGES if page.parent.name not in ("generated", "notebooks")]
TUTORIALS = [page for page in PAGES if blocks(page.read_text())]
SPEC = """dimension: 50
teacher: {width: 2}
student: {width: 4}
learning_rate: 0.5
time: {stop: 1.0, points: 5}
simulate: {seeds: 2}
"""
#: What stands for something in the pages → what it is here.
MEANT = {
    "--set dimension=1e6 --set p=16": "--set dimension=1e6 --set time.stop=0.001",
    "log:1e-2:1:9": "log:0.1:1:2",
    "initial.seed=0:8": "initial.seed=0:2",
    "initial.seed=0:500": "initial.seed=0:3",
    "plot ...": "plot config-simulate-*.h5",
    "SIM INT": "config-simulate-*.h5 config-integrate-*.h5",
    "show FILE": "show $(sgdode simulate)",
    "export FILE": "export $(sgdode integrate)",
    "reproduce FILE": "reproduce $(sgdode integrate)",
    "--y p": "--y seed",
    "time_below:1e-3": "final_risk",
    "start.h5": "$(sgdode integrate)",
    "sgd.h5": "$(sgdode simulate)",
    "--below 0.002 --runs 1000": "--runs 0",
    "=leap": "=leap --set time.stop=0.1",
    "=2000": "=2",
    "=20)": "=1)",
}
#: Longer than a test, or in need of a cluster.
LEFT_OUT = (
    "sgdode verify",
    "sgdode warm-up",
    "sgdode exit",
    "sgdode optimise",
    "--scheduler",
    "dask ",
    "srun ",
    ". ",
    "make ",
    "pip ",
)


def ids(pages):
    return [f"{page.parent.name}/{page.stem}" for page in pages]


def plain(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.M | re.S)


def commands(page):
    """The lines of the shell blocks of a page that are run here, in order."""
    for line in "".join(plain(page, "sh")).splitlines():
        line = re.sub(r"\s{2,}#.*", "", line).replace("sbatch $(", "echo $(")
        if line and not line.startswith((*LEFT_OUT, "#")) and "--scheduler" not in line:
            for here, there in MEANT.items():
                line = line.replace(here, there)
            yield line


def shell(line, folder, program):
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(["sh", "-ec", line], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


WITH_COMMANDS = [page for page in PAGES if list(commands(page))]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=ids(WITH_COMMANDS))
def test_every_command_runs(page, tmp_path, program):
    (tmp_path / "config.yaml").write_text(SPEC)
    if page.stem in ("pictures", "sweeps", "README"):
        shell("sgdode run -q", tmp_path, program)
    for line in commands(page):
        shell(line.replace("sgdode init", "sgdode init --force"), tmp_path, program)
        (tmp_path / "config.yaml").write_text(SPEC)


WITH_PYTHON = [page for page in PAGES if plain(page, "python")]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=ids(WITH_PYTHON))
def test_the_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    Path("config.yaml").write_text(SPEC)
    for text in plain(page, "python"):
        exec(compile(text.replace('time.stop": 10', 'time.stop": 1'), str(page), "exec"), {})


SPECS = [(page, text) for page in PAGES for text in plain(page, "yaml")]


@pytest.mark.parametrize(("page", "text"), SPECS, ids=ids(page for page, _ in SPECS))
def test_every_spec_is_one(page, text):
    assert read_spec(text.encode(), page.name, Path(), "page").time.stop > 0


def smaller(text):
    """A spec of a page that takes a moment."""
    spec = yaml.safe_load(text)
    small = {"time": {"stop": min(spec["time"]["stop"], 4.0)}, "simulate": {"seeds": 2}}
    return yaml.safe_dump(merged(spec, small))


@pytest.mark.parametrize("page", TUTORIALS, ids=ids(TUTORIALS))
def test_a_page_runs(page, tmp_path, monkeypatch, program):
    """As ``make docs`` runs it, with shorter runs of two seeds."""
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    names = {}
    for kind, name, code in blocks(page.read_text()):
        if kind == "file":
            Path(name).write_text(smaller(code))
        elif kind == "sh":
            shell(re.sub(r"sgdode exit .*", "true", code).replace("0:16", "0:2"), tmp_path, program)
        elif "exit_times" not in code:
            exec(compile(code, str(page), "exec"), names)
    for picture in re.findall(r"^:picture: (\S+)$", page.read_text(), flags=re.M):
        assert Path(picture).exists() or picture == "exit.png", picture


def test_every_key_command_dataset_and_name_is_in_the_reference():
    pages = {name: page() for name, page in generated.PAGES.items()}
    for key in keys():
        assert f"(key-{key})=" in pages["keys"], key
    import typer

    from sgdode.cli.app import app

    for name, command in typer.main.get_command(app).commands.items():
        assert f"## sgdode {name}\n" in pages["commands"], name
        shown = (parameter for parameter in command.params if not getattr(parameter, "hidden", False))
        for option in (option for one in shown for option in one.opts if option.startswith("--")):
            assert f"`{option}" in pages["commands"], option
    for name in (*QUANTITIES, *BY_BLOCK, "time", "step", "P", "seed"):
        assert f"| `{name}` |" in pages["datasets"], name
    for name in package.__all__:
        assert f":: sgdode.{name}" in pages["python"], name


def test_formulas_name_what_computes_and_what_checks_them():
    text = (DOCS / "mathematics.md").read_text()
    computing, checking = re.findall(r"`(sgdode\.[\w.]+)`", text), re.findall(r"`(tests/[\w./]+)`", text)
    assert min(len(computing), len(checking)) > 15
    for name in computing:
        module, attribute = name.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), attribute)), name
    for path in checking:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=ids(PAGES))
def test_every_link_leads_somewhere(page):
    text = page.read_text()
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", text):
        made = link.removesuffix(".md").removeprefix("generated/")
        assert (page.parent / link).exists() or made in generated.PAGES, link
    for target in re.findall(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`", text):
        place = DOCS / target.lstrip("/") if target.startswith("/") else page.parent / target
        made = {*generated.PAGES, "figures", "literature", "changes"}
        assert place.with_suffix(".md").exists() or (place.parent.name == "generated" and place.name in made), target
    for target in re.findall(r"\{ref\}`([^`]+)`", text):
        assert f"({target})=" in generated.keys_page(), target
