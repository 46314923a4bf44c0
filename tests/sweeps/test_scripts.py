"""The shell ways of doing what a sweep does."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.processes import SPEC

from sgdode.errors import UsageError
from sgdode.results.trajectory import Trajectory
from sgdode.spec.load import Source
from sgdode.sweeps.grid import axes
from sgdode.sweeps.points import tasks
from sgdode.sweeps.scripts import SlurmOptions, script, wall_time


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    return tmp_path


LOOPS = {
    "for": "for s in 0 1 2; do sgdode integrate c.yaml -q --set initial.seed=$s; done",
    "standard input": "for s in 0 1 2; do sgdode integrate - -q --set name=c --set initial.seed=$s < c.yaml; done",
    "xargs": "seq 0 2 | xargs -P 2 -I{} sgdode integrate c.yaml -q --set initial.seed={}",
    "make": "printf 'all: 0 1 2\\n0 1 2:\\n\\tsgdode integrate c.yaml -q --set initial.seed=$@\\n' | make -s -j 2 -f -",
    "parallel": "parallel -j 2 sgdode integrate c.yaml -q --set initial.seed={} ::: 0 1 2",
    "shell script": "sh $(sgdode sweep c.yaml --grid initial.seed=0:3 --command integrate --emit shell)",
    "its numbers": (
        "sgdode sweep c.yaml --grid initial.seed=0:3 --command integrate --emit shell -o run.sh > made;"
        "seq 3 | xargs -P 2 -n 1 sh run.sh"
    ),
    "job array": (
        "script=$(sgdode sweep c.yaml --grid initial.seed=0:3 --command integrate --emit slurm);"
        "for i in 1 2 3; do SLURM_ARRAY_TASK_ID=$i sh $script; done"
    ),
}


@pytest.mark.parametrize("way", LOOPS)
def test_shell_ways(way, folder, sgdode, program):
    if way == "parallel" and shutil.which("parallel") is None:
        pytest.skip("GNU parallel is not installed")
    values = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    if way != "job array":  # there, what the script itself takes
        values["SGDODE"] = str(program)
    command = ["bash", "-c", LOOPS[way]]
    done = subprocess.run(command, cwd=folder, env=values, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = done.stdout.split()
    assert len(set(files)) == 3
    assert all(Trajectory.load(folder / name).status == "complete" for name in files)
    if way in ("shell script", "job array"):
        swept = sgdode("sweep", "c.yaml", "--grid", "initial.seed=0:3", "--command", "integrate", "--json")
        assert [json.loads(line)["path"] for line in swept.stdout.splitlines()] == files
        assert all(json.loads(line)["skipped"] for line in swept.stdout.splitlines())


def test_a_large_job_array_takes_several_files_a_job(folder, sgdode):
    script = sgdode("sweep", "c.yaml", "--grid", "initial.seed=0:2002", "--command", "integrate", "--emit", "slurm")
    text = (folder / script.stdout.strip()).read_text()
    assert "#SBATCH --array=1-668" in text
    runs = {"SLURM_ARRAY_TASK_ID": "668", "SGDODE": "echo"}
    done = subprocess.run(
        ["sh", script.stdout.strip()], cwd=folder, env=os.environ | runs, capture_output=True, text=True, check=False
    )
    assert [line.split("initial.seed=")[1].split()[0] for line in done.stdout.splitlines()] == ["2001"]


def test_lines_for_slurm_leave_out_what_is_given():
    lines = SlurmOptions(5, ["--mem=1G", "-p", "gpu", "-t", "0:20:00"]).lines(2, 4000.0, "/logs").splitlines()
    own = ["#SBATCH --cpus-per-task=2", "#SBATCH --output=/logs/%x-%A_%a.out"]
    assert lines == [*own, "#SBATCH --mem=1G", "#SBATCH -p gpu", "#SBATCH -t 0:20:00"]
    assert "#SBATCH --time=3:20:00" in SlurmOptions().lines(1, 4000.0, "logs").splitlines()
    assert [wall_time(seconds) for seconds in (0.0, 601.0, 360_000.0)] == ["0:10:00", "0:11:00", "100:00:00"]


def test_what_is_refused(tmp_path):
    source = Source(SPEC.encode(), "<stdin>", Path(), "c")
    found = tasks(source, (), axes(["initial.seed=0:3"]), ("integrate",), tmp_path)
    with pytest.raises(UsageError, match="not standard input"):
        script(found, "shell", tmp_path / "run.sh", 1, tmp_path)
    with pytest.raises(UsageError, match="did you mean slurm"):
        script(found, "slrum", tmp_path / "run.sh", 1, tmp_path)
    assert not list(tmp_path.iterdir())
