"""The README does what it says: its sgdode commands, its spec and its Python run as they stand there."""

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
SPEC = """dimension: 50
teacher: {width: 2}
student: {width: 4}
learning_rate: 0.5
time: {stop: 1.0, points: 5}
simulate: {seeds: 2}
"""
#: What stands for something in the README → what it is here; longer than a test, or in need of a cluster → left out.
MEANT = {
    "--set dimension=1e6 --set student.width=16": "--set dimension=1e6 --set time.stop=0.001",
    "log:1e-2:1:9": "log:0.1:1:2",
    "initial.seed=0:8": "initial.seed=0:2",
    "initial.seed=0:500": "initial.seed=0:3",
    "plot ...": "plot config-simulate-*.h5",
    "SIM INT": "config-simulate-*.h5 config-integrate-*.h5",
    "show FILE": "show $(sgdode simulate)",
    "export FILE": "export $(sgdode integrate)",
    "mine.yaml": "config.yaml",
    "--y p": "--y seed",
    "time_below:1e-3": "final_risk",
    "start.h5": "$(sgdode integrate)",
    "sgd.h5": "$(sgdode simulate)",
}
LEFT_OUT = ("sgdode verify", "--scheduler", "dask ", "srun ", ". ", "make ", "sbatch ", "pip ")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.M | re.S)


def commands():
    """The lines of all shell blocks that are run here, in order."""
    for line in "".join(blocks("sh")).splitlines():
        line = re.sub(r"\s{2,}#.*", "", line).replace("sbatch $(", "echo $(")
        if line and not line.startswith((*LEFT_OUT, "#")) and not any(word in line for word in LEFT_OUT[1:2]):
            for here, there in MEANT.items():
                line = line.replace(here, there)
            yield line


def test_every_command_runs(tmp_path, program):
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    seen = 0
    for line in commands():
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        if line.startswith("sgdode init"):
            (tmp_path / "config.yaml").write_text(SPEC)
        seen += 1
    assert seen > 12


def test_the_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(SPEC)
    (python,) = blocks("python")
    names = {}
    exec(compile(python.replace('time.stop": 10', 'time.stop": 1'), "README.md", "exec"), names)
    assert np.isfinite(names["theory"].risk).all()


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_spec_is_one(text):
    from sgdode.spec.load import read_spec

    assert read_spec(text.encode(), "README.md", Path(), "readme").time.stop > 0
