"""Files of results as others may have spoilt or made them, and what the commands answer to them.

    PYTHONPATH=tests python tests/support/fuzz_files.py [--files 5000] [--seed 0] [--keep FOLDER] [--some N] [SAMPLE...]

Bytes are flipped (with the seal as it was, cut off, or made anew), attributes, datasets and links replaced. Every file
goes through show, export, collect, plot and compare, as a start, as a checkpoint and through ``header`` (or through
``--some`` of them), in a process forked from one that has everything imported. Prints how many were refused and read,
and every fault: a traceback, an internal error, a warning of NumPy, a control character that is printed, a hang, a
crash, a number that has changed unnoticed in a sealed file.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from sgdode.__main__ import run as command_line
from sgdode.errors import FileError
from sgdode.results import apart, seal
from sgdode.results.checkpoint import Keeper
from sgdode.results.hdf5 import header
from sgdode.results.trajectory import Trajectory
from support import pictures

#: Of processor time, for one command; ten times as many of a clock.
SECONDS = 5.0
#: The share of the files that are drawn, which takes longest, and the figures.
PICTURES = 0.35
FIGURES = ("risk", "overlaps", "regimes", "histogram", "share", "cost", "specialisation", "trajectories")
ENDING = re.compile(rb"\n(?:sgdode header [^\n]*\n)?sgdode crc32 [0-9a-f]{8}\n\Z")
START = """
dimension: 100
teacher: {width: 2}
student: {width: 3}
learning_rate: 0.5
time: {stop: 1.0, points: 3}
initial: {kind: overlaps, file: x.h5}
"""
FORBIDDEN = ("Traceback", "internal error", "RuntimeWarning", "DeprecationWarning", "ComplexWarning")
TEXTS = ("", "x" * 100_000, "../../x", "=1+1", "\x1b[31m", "\u202eabc", "a\nb", "NaN", "[]", "{", "null", "$x", "\x9b",
         "$x$y$", "a" * 900, "\\$x\\$")  # fmt: skip
NESTED = '{"a":' * 3000 + "1" + "}" * 3000
JSON = ('{"name": 1}', '{"name": "$\\\\x$"}', '{"a": 1e999}', f'{{"a": {10**400}}}', NESTED, '{"a": NaN}',
        '{"=x": "@y"}', '{"$x": 1, "student": {"$\\\\y$": "$\\\\z$"}}', '{"file": "x", "kind": "y"}',
        '{"a": [[1], "$"]}',
        '{"versions": []}', '{"start": 1}', '{"seconds": "x"}', '{"seconds": -1}', '{"a": "\\ud800"}',
        '{"kind": {"b": "\\u001b[2J"}}', '{"student": {"width": {}}}',
        '{"teacher": {"output_weights": "x"}}')  # fmt: skip
NUMBERS = (np.nan, np.inf, -np.inf, -1.0, 0.0, 1e308, 5e-324, 10**18, True, np.uint64(2**64 - 1), np.float16(2), 1j)


def samples(folder: Path) -> list[Path]:
    """Made-up files of every kind."""
    return [one.save(folder / f"{name}.h5") for name, one in made_up().items()]


def made_up() -> dict[str, Trajectory]:
    """Runs with all that files hold."""
    found = {
        "simulation": pictures.sgd(p=3, seeds=3, times=6),
        "integration": pictures.run(p=3, times=6, band=True),
        "partial": pictures.sgd(p=3, seeds=2, times=6),
        "particles": pictures.run(p=3, times=6),
    }
    for one in found.values():
        del one.curves["q"]
        one.curves["Q"] = np.einsum("...jr,...lr->...jl", one.curves["M"], one.curves["M"]) + np.eye(3)
        one.attributes |= {"spec_hash": "0123456789ab", "risk_error": 1e-9, "precision": "float64", "rtol": 1e-8}
    found["integration"].curves["risk_std_valid"] = np.ones_like(found["integration"].risk)
    found["particles"].particle_weight, found["particles"].step = np.full(3, 1 / 3), None
    found["particles"].attributes["student_width"] = np.inf
    stopped, seeds = found["partial"], 2
    shapes = {"saved": (), "diverged": (), "step": (), "m": (), "W": (9, 3), "inverse": (3, 3), "a": (3,), "rng": (4,)}
    kinds = {"saved": int, "step": int, "m": int, "diverged": bool, "rng": np.uint64, "rng_half": np.uint64}
    shapes["rng_half"] = (2,)
    stopped.state = {key: np.zeros((seeds, *shape), kinds.get(key, float)) for key, shape in shapes.items()}
    stopped.state |= {f"record_{name}": curve for name, curve in stopped.curves.items()}
    stopped.status = "partial"
    return found


def flip(chance: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(data))
        long = chance.choice(
            (b"\xff" * 8, b"\0" * 8, chance.randrange(len(data)).to_bytes(8, "little"), b"\0" * 5 + b"\1\0\0")
        )
        data[at : at + 1] = bytes([data[at] ^ 1 << chance.randrange(8)])
        if chance.random() < 0.5:
            data[at : at + len(long)] = long
    path.write_bytes(data if chance.random() < 0.9 else data[: chance.randrange(len(data))])


def flip_unsealed(chance: random.Random, path: Path) -> None:
    path.write_bytes(ENDING.sub(b"", path.read_bytes()))
    flip(chance, path)


def flip_sealed_anew(chance: random.Random, path: Path) -> None:
    """Somebody who knows the seal."""
    attributes = seal.sealed_attributes(path)
    flip_unsealed(chance, path)
    seal.append(path, attributes or {})


def strange(chance: random.Random, shape: tuple[int, ...] = ()) -> object:
    """A value that no file of ours has."""
    return chance.choice((
        lambda: chance.choice(NUMBERS),
        lambda: chance.choice(TEXTS),
        lambda: np.full(shape or chance.choice(((0,), (3,), (2, 2))), chance.choice(NUMBERS[:9]), float),
        lambda: np.zeros(chance.choice((10, 7000))),
        lambda: h5py.Empty("f8"),
        lambda: np.bytes_(b"simulation\xff"),
        lambda: np.array(["a", "b"], dtype=h5py.string_dtype()),
        lambda: np.zeros(2, dtype=[("x", "f8"), ("y", "i4")]),
        lambda: np.array([np.arange(2.0), np.arange(3.0)], dtype=object),
    ))()  # fmt: skip


def put(holder: h5py.AttributeManager, name: str, value: object) -> None:
    kind = h5py.vlen_dtype(np.float64) if isinstance(value, np.ndarray) and value.dtype == object else None
    kind = h5py.string_dtype() if isinstance(value, np.ndarray) and value.dtype.metadata else kind
    holder.create(name, value, dtype=kind)


def change_attribute(chance: random.Random, file: h5py.File) -> None:
    put(file.attrs, chance.choice([*file.attrs, "diverged_at", "batch_size", "more"]), strange(chance))


def drop_attribute(chance: random.Random, file: h5py.File) -> None:
    del file.attrs[chance.choice(list(file.attrs))]


def many_attributes(chance: random.Random, file: h5py.File) -> None:
    for number in range(chance.choice((5, 300))):
        file.attrs[f"more{number}"] = number


def change_provenance(chance: random.Random, file: h5py.File) -> None:
    key, value = chance.choice(("spec", "resolved", "environment")), chance.choice((*JSON, *TEXTS))
    put(file["provenance"].attrs, key, value if chance.random() < 0.8 else strange(chance))


def change_link(chance: random.Random, file: h5py.File) -> None:
    name = chance.choice([*file, "state", "more"])
    target = chance.choice(("/", "/risk", "/nowhere", "/time", "/provenance"))
    link = chance.choice((
        h5py.SoftLink(target), h5py.ExternalLink("other.h5", target), h5py.ExternalLink("fifo", target),
        h5py.ExternalLink("x.h5", target), file["/"], file["risk"], file["provenance"], np.dtype("f8")))  # fmt: skip
    if name in file:
        del file[name]
    file[name] = link


def change_dataset(chance: random.Random, file: h5py.File) -> None:
    name = chance.choice([key for key in (*file, "q", "output_weights") if key not in ("provenance", "state")])
    before = file[name][...] if name in file else np.zeros(3)
    if name in file:
        del file[name]
    before = before.astype(float)
    shape = chance.choice(
        (before.shape, before.shape[1:], before.shape[::-1], (*before.shape, 2), (2**28,), (2**40, 2**10))
    )
    how = {"chunks": (1,) * (len(shape) - 1) + (2**20,)} if len(shape) and max(shape) > 2**20 else {}
    makers = (
        lambda: file.create_dataset(name, data=before * chance.choice((np.nan, -1.0, 0.0, 1e300, 1e308, 5e-324))),
        lambda: file.create_dataset(
            name, data=before.astype(chance.choice(("f4", ">f8", "f2", "i8", "u1", "c16", "?")))
        ),
        lambda: file.create_dataset(name, data=before.astype("S3")),
        lambda: file.create_dataset(name, data=before, chunks=True, compression="gzip"),
        lambda: file.create_dataset(name, shape, "f8", **(how if max(shape, default=0) > 2**20 else {})),
        lambda: file.create_dataset(name, shape, "f8", **how, **({"compression": "gzip"} if how else {})),
        lambda: file.create_dataset(
            name, before.shape, "f8", external=[(chance.choice(("other.h5", "fifo")), 0, 10**6)]
        ),
        lambda: file.create_dataset(name, (3,), h5py.vlen_dtype(np.float64)),
        lambda: file.create_dataset(name, (3,), h5py.ref_dtype),
        lambda: file.create_group(name),
        lambda: virtual(chance, file, name, before.shape),
    )
    with np.errstate(all="ignore"):
        chance.choice(makers)()


def virtual(chance: random.Random, file: h5py.File, name: str, shape: tuple[int, ...]) -> None:
    layout = h5py.VirtualLayout(shape or (1,), "f8")
    layout[...] = h5py.VirtualSource(chance.choice(("other.h5", "fifo", ".")), "risk", shape or (1,))
    file.create_virtual_dataset(name, layout)


def change_state(chance: random.Random, file: h5py.File) -> None:
    state = file.require_group("state")
    name = chance.choice([*state, "W", "states", "record_risk", "more"])
    if name in state:
        del state[name]
    if chance.random() < 0.3:
        state.create_dataset(name, (2 ** chance.choice((26, 40)),), "f8", chunks=(2**20,), compression="gzip")
    elif chance.random() < 0.5:
        state[name] = h5py.ExternalLink("other.h5", "/")
    else:
        put_dataset = np.zeros(chance.choice(((2,), (2, 3), (3, 3, 3), ())))
        state.create_dataset(name, data=put_dataset)


INSIDE = (change_attribute, change_attribute, drop_attribute, many_attributes, change_provenance, change_provenance,
          change_link, change_dataset, change_dataset, change_state)  # fmt: skip
OUTSIDE = (flip, flip_unsealed, flip_sealed_anew)


def spoil(chance: random.Random, path: Path) -> str:
    """Change the file; what was done."""
    if chance.random() < 0.4:
        change = chance.choice(OUTSIDE)
        change(chance, path)
        return change.__name__
    done, attributes = [], seal.sealed_attributes(path)
    with h5py.File(path, "r+") as file:
        for change in chance.choices(INSIDE, k=chance.choice((1, 1, 2))):
            with contextlib.suppress(KeyError, TypeError, ValueError, OSError, RuntimeError):
                change(chance, file)
                done.append(change.__name__)
    if chance.random() < 0.3:
        seal.append(path, attributes or {})
        done.append("sealed anew")
    return ", ".join(done)


def words(chance: random.Random, some: int | None = None) -> list[list[str]]:
    """The commands that a file goes through, or ``some`` of them; the first two are no commands."""
    plot = ["plot", "x.h5", "integration.h5", "--figure", chance.choice(FIGURES)]
    every = [
        ["header"],
        ["checkpoint"],
        ["show", "x.h5"],
        ["show", "x.h5", "--spec"],
        ["export", "x.h5", "-o", "x.csv"],
        ["collect", "x.h5", "--threshold", "1e-2"],
        ["compare", "simulation.h5", "x.h5"] if chance.random() < 0.5 else ["compare", "x.h5", "integration.h5"],
        ["check", "start.yaml"],
        *([plot] if chance.random() < PICTURES else []),
    ]
    return every if some is None else chance.sample(every, some)


def answer(arguments: list[str], faults: list[str]) -> int:
    """Run one command in this process; what it may not do is added to ``faults``."""
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["sgdode", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = command_line()
    said = out.getvalue() + err.getvalue()
    name = " ".join(arguments[:1] + arguments[3:])
    faults += [f"{name}: {word}: {err.getvalue()[-200:]}" for word in FORBIDDEN if word in err.getvalue()]
    if re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", said.replace("\r\n", "\n")):
        faults.append(f"{name}: prints a control character")
    if status and "error: " not in err.getvalue() and arguments[0] not in ("compare",):
        faults.append(f"{name}: status {status} without a message")
    return status


def tried(path: Path, before: Trajectory, commands: list[list[str]], tell: Callable[[object], None]) -> None:
    """All that is done with one file, in a process of its own; ``tell`` is told what comes of it."""
    faults: list[str] = []

    def limited(what: str, act: Callable[[], object]) -> object:
        tell({"doing": what})
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, 10 * SECONDS)
        try:
            return act()
        except FileError:
            return None
        except BaseException as error:
            faults.append(f"{what}: {type(error).__name__}: {error}")
            return None

    read = limited("load", lambda: Trajectory.load(path))
    if isinstance(read, Trajectory) and not read.unsealed and not same(read, before):
        tell({"changed": True})
    shutil.copy(path, "r.h5.ckpt")
    others = {
        "header": lambda: header(path),
        "checkpoint": lambda: Keeper(Path("r.h5"), "0123456789ab", lambda _: None).find(lambda state: (state, "")),
    }
    for arguments in commands:
        limited(arguments[0], others.get(arguments[0], lambda arguments=arguments: answer(arguments, faults)))
    tell({"faults": faults, "read": isinstance(read, Trajectory)})


def same(one: Trajectory, other: Trajectory) -> bool:
    """Whether two runs have the same numbers."""
    pairs = [
        (one.time, other.time),
        (one.P, other.P),
        *((one.curves.get(name), curve) for name, curve in other.curves.items()),
    ]
    return all(a is not None and np.array_equal(a, b) for a, b in pairs) and one.attributes == other.attributes


def forked(act: Callable[[Callable[[object], None]], None]) -> tuple[int, list[dict[str, object]]]:
    """The status of a forked process that does ``act``, and what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        apart._reader.owner = os.getpid()  # the reading process of this one is the child's too
        os.close(reading)
        with contextlib.suppress(BaseException):
            act(lambda message: os.write(writing, json.dumps(message).encode() + b"\n") and None)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = [json.loads(line) for line in pipe]
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told


def fuzz(
    files: int,
    seed: int,
    folder: Path,
    given: list[Path],
    keep: Path | None = None,
    say: Callable[[str], None] = lambda fault: None,
    some: int | None = None,
) -> tuple[Counter[str], list[str]]:
    """Spoil that many files in ``folder``, and try ``some`` commands on each; counts, and faults in words."""
    counts, faults, chance = Counter[str](), [], random.Random(seed)
    sources = [*samples(folder), *given]
    loaded = {path: Trajectory.load(path) for path in sources}
    os.chdir(folder)
    Path("start.yaml").write_text(START)
    shutil.copy("integration.h5", "other.h5")
    os.mkfifo("fifo")
    shutil.copy("simulation.h5", "x.h5")
    both = ["x.h5", "integration.h5"]
    for arguments in (
        *words(chance)[2:],
        ["compare", *both],
        ["plot", *both],
    ):  # imports what the forked processes need
        answer(arguments, faults)
    gc.freeze()  # the forked processes need not copy what they do not touch
    for number in range(files):
        source, path = chance.choice(sources), Path("x.h5")
        shutil.copy(source, path)
        how, commands = spoil(chance, path), words(chance, some)
        reader = apart._reader._at_work()
        status, told = forked(partial(tried, path, loaded[source], commands))
        counts["files"] += 1
        if reader.poll() is not None:
            counts["ended the reading process"] += 1
            apart._reader.process = None
        last, found = told[-1] if told else {}, []
        if status in (-signal.SIGPROF, -signal.SIGALRM):
            found.append(f"{last.get('doing')}: hangs")
        elif status < 0:
            found.append(f"{last.get('doing')}: dies by {signal.Signals(-status).name}")
        found += last.get("faults", [])
        changed = any("changed" in message for message in told)
        if changed and "anew" not in how:
            found.append("numbers changed unnoticed")
        counts["read" if last.get("read") else "refused"] += 1
        counts["faulty"] += bool(found)
        for fault in found:
            faults.append(f"{number} {source.name} ({how}): {fault}")
            say(faults[-1])
        if found and keep:
            shutil.copy(path, keep / f"{number}.h5")
    return counts, faults


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--some", type=int)
    parser.add_argument("sample", nargs="*", type=Path)
    asked = parser.parse_args()
    if asked.keep:
        asked.keep.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        keep, say = asked.keep and asked.keep.resolve(), partial(print, flush=True)
        counts, faults = fuzz(
            asked.files, asked.seed, Path(place), [one.resolve() for one in asked.sample], keep, say, asked.some
        )
    print(dict(counts))
    sys.exit(bool(faults))
