"""Whatever command stands in README or docs/, run or not, is one: its options, keys and figures exist."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from sgdode.cli.app import app
from sgdode.cli.explain import keys
from sgdode.plots.figures.records import FIGURES
from sgdode.spec.words import key_of

ROOT = Path(__file__).parents[2]
COMMANDS = typer.main.get_command(app).commands
OPTIONS = {option for command in COMMANDS.values() for one in command.params for option in one.opts} | {"--help"}
OF_OTHERS = {"--version", "--nthreads"}
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES = [page for page in PAGES if not {"generated", "_build"} & set(page.parts)]
BLOCK = re.compile(r"^```(?:\{run\} )?sh[^\n]*\n(.*?)^```", re.M | re.S)


def simple_commands(script):
    """The words of every simple command of a script, those of ``$(...)`` too."""
    lines = re.sub(r"(^|\s)#.*", "", script.replace("\\\n", " "), flags=re.M)
    lexer = shlex.shlex(lines.replace("\n", " ;\n"), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    open_ones = [[]]
    for token in lexer:
        if set(token) - set("();<>|&"):
            open_ones[-1].append(token)
            continue
        for sign in token:
            if sign == "(":
                open_ones.append([])
                continue
            yield open_ones.pop()
            if sign != ")" or not open_ones:
                open_ones.append([])
    yield from open_ones


def calls(text):
    """The words after ``sgdode`` of every call in the shell blocks of a page."""
    for script in BLOCK.findall(text):
        for words in simple_commands(script):
            words = [word for word in words if word not in ("do", "then", "else")]
            if words[:1] == ["sgdode"]:
                yield words[1:]


def complaint(words):
    """What is wrong with a call; None where nothing is."""
    if words[0] == "--help":
        return None
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    try:
        found = COMMANDS[words[0]].make_context(words[0], words[1:]).params
    except Exception as error:
        return f"{' '.join(words)}: {getattr(error, 'message', error)}"
    for option, value in pairwise(words):
        key = key_of(value.partition("=")[0])
        if option in ("--set", "--grid", "--along") and "=" in value and key not in keys():
            return f"no key {key}"
    figure = found.get("figure")
    return f"no figure {figure}" if isinstance(figure, str) and figure not in FIGURES else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_what_a_page_names_exists(page):
    text = page.read_text()
    assert [wrong for words in calls(text) if (wrong := complaint(words))] == []
    prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for span in re.findall(r"`([^`\n]+)`", prose):
        if command := re.match(r"sgdode ([a-z][\w-]*)", span):
            assert command[1] in {*COMMANDS, "help"}, span
        for option in re.findall(r"(?<!\S)--[a-z][\w-]*", span):
            assert option in OPTIONS | OF_OTHERS, span


def test_what_is_wrong_is_told():
    script = "for a in 1; do sgdode plot $(sgdode run -q | tail -n 1) > x; done # sgdode no"
    assert list(calls(f"```sh\n{script}\n```\n")) == [["run", "-q"], ["plot", "$"]]
    for call in ("simulatte", "simulate --sett p=1", "simulate --set learning.gamma=1", "plot a.h5 --figure rsk"):
        assert complaint(call.split()) is not None, call
    assert complaint(["sweep", "config.yaml", "--grid", "gamma=0.1,0.2", "--set", "p=4"]) is None
