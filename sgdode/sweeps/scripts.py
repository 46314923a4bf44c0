"""A sweep as a script of ordinary commands, with nothing but sgdode: a job array for SLURM, or for a plain shell."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sgdode.errors import UsageError, nearest
from sgdode.results.atomic import write_text
from sgdode.sweeps.points import Task

#: SLURM's usual limit on the size of a job array.
LARGEST_ARRAY = 1000
ENDINGS = {"shell": ".sh", "slurm": ".slurm"}

_SHELL = """\
#!/bin/sh
# {count} files of {spec}. Finished files are skipped and stopped runs go on: safe to interrupt and start again.
#   sh {script}                                    all, one after the other
#   sh {script} 3                                  the third alone
#   seq {count} | xargs -P 2 -n 1 sh {script}      two at a time
"""
_SLURM = """\
#!/bin/sh
#SBATCH --job-name={name}
#SBATCH --array=1-{size}
{options}
# {count} files of {spec}, {per} a job of the array. Finished files are skipped and stopped runs go on: submit it again
# to complete what a time limit has stopped.
"""
_BODY = """\
SGDODE="${{SGDODE:-{program}}}"
cd {folder} || exit 2

run() {{
  case $1 in
{cases}
  *) echo "error: no file $1; there are 1 to {count}" >&2; return 2 ;;
  esac
}}

status=0
stopped=
trap 'stopped=75' TERM USR1
trap 'stopped=130' INT
{which}
for number in $numbers; do
  run "$number"
  code=$?
  case $code in
    0) ;;
    75 | 130) exit $code ;;
    *) status=1 ;;
  esac
  [ -z "$stopped" ] || exit "$stopped"
done
exit $status
"""
_ALL = 'numbers="${*:-$(seq %d)}"'
_CHUNK = """\
last=$((SLURM_ARRAY_TASK_ID * {per}))
[ "$last" -le {count} ] || last={count}
numbers=$(seq $((SLURM_ARRAY_TASK_ID * {per} - {per} + 1)) "$last")"""


@dataclass(frozen=True)
class SlurmOptions:
    """``chunk``: files in a job of the array (None: as few as a usual limit on arrays allows); ``sbatch``: options."""

    chunk: int | None = None
    sbatch: Sequence[str] = ()

    def lines(self, jobs: int, seconds: float, log: str) -> str:
        """The lines #SBATCH: those asked for, and what they leave out."""
        own = {
            "--cpus-per-task": f"--cpus-per-task={jobs}",
            "--time": f"--time={wall_time(_SAFETY * seconds)}",
            "--output": f"--output={log}/%x-%A_%a.out",
        }
        short = {"-c": "--cpus-per-task", "-t": "--time", "-o": "--output"}
        given = {short.get(word, word.partition("=")[0]) for word in self.sbatch}
        options = [option for name, option in own.items() if name not in given]
        return "\n".join(f"#SBATCH {option}" for option in [*options, *_joined(self.sbatch)])


#: How many times the time of the forecast a job gets, and the least of it in seconds.
_SAFETY, _SHORTEST = 3.0, 600.0


def wall_time(seconds: float) -> str:
    """A time as sbatch takes it: hours, minutes, seconds, in whole minutes."""
    minutes = math.ceil(max(seconds, _SHORTEST) / 60)
    return f"{minutes // 60}:{minutes % 60:02d}:00"


def _joined(words: Sequence[str]) -> list[str]:
    """Options with their values: ``-p`` and ``gpu`` are one."""
    found: list[str] = []
    for word in words:
        if word.startswith("-") or not found:
            found.append(word)
        else:
            found[-1] += f" {word}"
    return found


def script(
    tasks: Sequence[Task], system: str, path: Path, jobs: int, folder: Path, how: SlurmOptions | None = None
) -> Path:
    """Write the script of a sweep for ``system`` (shell or slurm) at ``path``; the files go to ``folder``.

    Every line is a `sgdode simulate` or `sgdode integrate` with --set, on ``jobs`` threads, and writes the
    very file that the sweep would. Raises UsageError for another system, or a spec from standard input.
    """
    if system not in ENDINGS:
        raise UsageError(f"--emit {system}: allowed: {', '.join(ENDINGS)}{nearest(system, list(ENDINGS))}")
    place = tasks[0].source.place
    if place == "<stdin>":
        raise UsageError("--emit: a script needs the spec as a file, not standard input")
    count = len(tasks)
    how = how or SlurmOptions()
    per = (how.chunk or -(-count // LARGEST_ARRAY)) if system == "slurm" else 1
    options = ""
    if system == "slurm":
        from sgdode.sweeps.cost import longest

        log = (folder / "logs").absolute()
        log.mkdir(parents=True, exist_ok=True)  # sbatch makes none
        options = how.lines(jobs, per * longest(tasks), shlex.quote(str(log)))
    numbers = {"count": count, "size": -(-count // per), "per": per}
    head = (_SLURM if system == "slurm" else _SHELL).format(
        spec=place, script=path.name, name=tasks[0].source.stem, options=options, **numbers
    )
    which = _CHUNK.format(per=per, count=count) if system == "slurm" else _ALL % count
    cases = "\n".join(f"  {number}) {_command_line(task, jobs, folder)} ;;" for number, task in enumerate(tasks, 1))
    body = _BODY.format(program=_program(), folder=shlex.quote(os.getcwd()), cases=cases, which=which, count=count)
    write_text(path, head + body)
    return path


def _command_line(task: Task, jobs: int, folder: Path) -> str:
    settings = [word for setting in task.settings for word in ("--set", setting)]
    code = ["--allow-code"] if task.source.allow_code else []
    words = [task.command, task.source.place, *settings, *code, "--out-dir", str(folder), "-j", str(jobs)]
    return f"$SGDODE {shlex.join(words)}"


def _program() -> str:
    """``sgdode`` where that is this very program, else this Python's module."""
    beside = Path(sys.executable).with_name("sgdode")
    found = shutil.which("sgdode")
    if found is not None and beside.exists() and Path(found).samefile(beside):
        return "sgdode"
    return f"{sys.executable} -m sgdode"
