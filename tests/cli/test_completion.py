"""What the shell completes, in bash also after the sign of KEY=VALUE."""

import os
import subprocess
import sys

import pytest

from sgdode.cli.completion import join_at_signs


def complete(*words, shell="bash", split=False):
    """The words that a shell is given for the last of ``words``."""
    given = [part for word in words for part in (["=".join(word.split("=")[:1]), "=", *word.split("=")[1:]] if split and
             "=" in word else [word])]  # fmt: skip
    given = [part for n, part in enumerate(given) if part or n == len(given) - 1]
    variables = {"_SGDODE_COMPLETE": f"complete_{shell}", "COMP_WORDS": " ".join(given)}
    at = str(len(given) - 1)
    code = "from sgdode.__main__ import main; import sys; sys.argv = ['sgdode']; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables, "COMP_CWORD": at},
        capture_output=True,
        text=True,
    )
    return done.stdout.split()


def test_values_and_keys_are_completed():
    assert complete("sgdode", "plot", "--figure", "ov") == ["overlaps"]
    assert complete("sgdode", "plot", "--x", "sam") == ["samples", "samples/d"]
    assert complete("sgdode", "sweep", "--emit", "s") == ["slurm", "shell"]
    assert complete("sgdode", "sweep", "--grid", "learning_rate.g") == ["learning_rate.gamma="]
    assert complete("sgdode", "check", "--set", "student.activation=re") == ["student.activation=relu"]


def test_bash_gives_three_words_for_a_setting():
    assert complete("sgdode", "check", "--set", "integrate.solver=ls", split=True) == ["lsoda"]
    assert "gaussian" in complete("sgdode", "check", "--set", "initial.kind=", split=True)


@pytest.mark.parametrize(
    ("words", "at", "joined", "place"),
    [
        ("sgdode check --set a = b", 5, "sgdode check --set a=b", "3"),
        ("sgdode check --set a = ", 5, "sgdode check --set a=", "3"),
        ("sgdode check --set a =", 4, "sgdode check --set a=", "3"),
        ("sgdode check --set a = b --set c = d", 9, "sgdode check --set a=b --set c=d", "5"),
    ],
)
def test_words_are_joined_at_signs(words, at, joined, place):
    found = join_at_signs({"COMP_WORDS": words, "COMP_CWORD": str(at)})
    assert (found["COMP_WORDS"], found["COMP_CWORD"]) == (joined, place)


def test_without_a_sign_nothing_changes():
    assert join_at_signs({"COMP_WORDS": "sgdode plot --fig", "COMP_CWORD": "2"}) == {}
