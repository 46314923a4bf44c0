"""The main job where the operating system has less to offer than Linux: as on macOS."""

import os
import subprocess
import sys

from support.processes import SPEC

from sgdode.results.trajectory import Trajectory

#: The command line in an interpreter from which is taken away what macOS has not: calls of os, and the files of /proc.
MACOS = """
import builtins, io, os, sys

real = os.sysconf
def sysconf(name):
    if name == "SC_PHYS_PAGES":
        raise ValueError("unrecognized configuration name")
    return real(name)

def without_proc(opened):
    def without(path, *arguments, **options):
        caller = sys._getframe(1)
        while caller.f_globals["__name__"] == "pathlib":
            caller = caller.f_back
        if str(path).startswith("/proc") and caller.f_globals["__name__"].startswith("sgdode"):
            raise FileNotFoundError(2, "No such file or directory", path)
        return opened(path, *arguments, **options)
    return without

import sgdode.cli.app, numpy, scipy.optimize, h5py, numba, matplotlib.figure, multiprocessing, concurrent.futures
taken = [name for name in ("posix_fallocate", "sched_getaffinity", "register_at_fork") if hasattr(os, name)]
for name in taken:
    delattr(os, name)
os.sysconf = sysconf
builtins.open, io.open, os.open = map(without_proc, (open, io.open, os.open))
from sgdode.__main__ import main
print(*taken, file=sys.stderr)
main()
"""


def test_the_main_job_runs(tmp_path):
    (tmp_path / "c.yaml").write_text(SPEC)
    command = [sys.executable, "-c", MACOS, "run", "c.yaml", "--set", "simulate.seeds=1", "-v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if sys.platform == "linux":
        assert done.stderr.startswith("posix_fallocate sched_getaffinity register_at_fork\n")
    simulation, integration, picture = done.stdout.split()
    runs, theory = (Trajectory.load(tmp_path / name) for name in (simulation, integration))
    assert (runs.kind, runs.status) == ("simulation", "complete")
    assert (theory.kind, theory.status) == ("integration", "complete")
    assert (runs.Q[:, 0] == theory.Q[0]).all()
    assert (tmp_path / picture).is_file()
    assert sorted(os.listdir(tmp_path)) == sorted(["c.yaml", simulation, integration, picture])
