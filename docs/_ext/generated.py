"""The reference, made from the program itself: keys from the schema, commands from typer, datasets and records."""

import inspect
import json
import re
from pathlib import Path

#: Folders and pages of this extension, below the sources; made anew by every build.
FOLDER = "generated"


def _cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ").replace("*", "\\*").replace("<", "\\<")


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def _plain(text):
    """A docstring as Markdown: ``code`` is `code`, and what else Markdown would read is escaped."""
    parts = re.split(r"(``.+?``)", inspect.cleandoc(text), flags=re.S)
    return "".join(part.replace("``", "`") if part.startswith("``") else _escaped(part) for part in parts)


def _escaped(text):
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return re.sub(r"([*_|<\[\]$])", r"\\\1", text)


def keys_page():
    """Every dotted key: what it means, what is allowed, its default."""
    from sgdode.cli.explain import keys

    parts, every = [], keys()
    for key, about in every.items():
        if "." not in key:
            inner = any(other.startswith(f"{key}.") for other in every)
            parts.append(f"\n({key})=\n## {key}\n" if inner else "")
        parts.append(_key(key, about))
    return KEYS_HEAD + "\n".join(parts)


KEYS_HEAD = """# Keys of a spec

Every key, as `sgdode explain` tells it. `sgdode explain KEY` shows one of them in the terminal, `sgdode schema` writes
the JSON Schema for an editor.

"""


def _key(key, about):
    from sgdode.cli.explain import _allowed
    from sgdode.spec.words import EQUATIONS, SYMBOLS

    symbols = [f"`{symbol}`" for symbol, its in SYMBOLS.items() if its == key]
    lines = [f"(key-{key})=", f"`{key}`" + (f" (also {', '.join(symbols)})" if symbols else "")]
    lines.append(f": {_escaped(about.get('description', ''))}")
    if allowed := [*_allowed(about), *(EQUATIONS if key == "integrate.equations" else [])]:
        open_too = any("type" in option or "$ref" in option for option in about.get("anyOf", []))
        lines.append(f"\n  {'Also' if open_too else 'Allowed'}: {', '.join(f'`{word}`' for word in allowed)}.")
    if isinstance(about.get("default"), (str, int, float, bool)):
        lines.append(f"\n  Default: `{json.dumps(about['default'])}`.")
    return "\n".join(lines) + "\n"


def commands_page():
    """Every command with its arguments and options."""
    import typer

    from sgdode.cli.app import app

    root = typer.main.get_command(app)
    parts = [COMMANDS_HEAD]
    for name, command in root.commands.items():
        usage = " ".join(command.collect_usage_pieces(command.context_class(command, info_name=name)))
        parts.append(f"(command-{name})=\n## sgdode {name}\n\n```text\nsgdode {name} {usage}\n```\n")
        parts.append(_plain(command.help or "") + "\n")
        if rows := [_parameter(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]:
            parts.append(_table(["", "what it does"], rows))
        if command.epilog:
            parts.append(_plain(command.epilog) + "\n")
    return "\n".join(parts)


COMMANDS_HEAD = """# Commands

Every command, as `sgdode help COMMAND` tells it. On stdout stands the result alone: the paths of the files, one a line.
The status is 0 where all is well, 1 where a run failed, 2 for a mistake in the call or the spec, 75 or 130 where a run
was stopped and kept.

"""


def _parameter(parameter):
    about = getattr(parameter, "help", None) or ""
    names = [*parameter.opts, *parameter.secondary_opts]
    if parameter.param_type_name == "argument":
        names = [parameter.metavar or parameter.name.upper()]
    elif not getattr(parameter, "is_flag", False):
        names[-1] += f" {parameter.metavar or parameter.type.name.upper()}"
    return [", ".join(f"`{name}`".replace("|", "\\|") for name in names), _cell(about)]


def datasets_page():
    """Every dataset of a file, from the records of quantities and from two files that are written here."""
    from sgdode.results.quantities import BY_BLOCK, QUANTITIES

    rows = [[f"`{name}`", ", ".join(dims), _cell(meaning)] for name, dims, meaning in _always()]
    over_time = [[f"`{name}`", ", ".join(("time", *q.dims)), _cell(q.meaning)] for name, q in QUANTITIES.items()]
    blocks = [[f"`{name}`", ", ".join(q.dims), _cell(q.meaning)] for name, q in BY_BLOCK.items()]
    head = ["dataset", "dimensions", "what it is"]
    return DATASETS_HEAD.format(
        always=_table(head, rows),
        over_time=_table(head, over_time),
        blocks=_table(head, blocks),
        attributes=_attributes(),
    )


DATASETS_HEAD = """# Datasets of a file

A result is an HDF5 file with named dimensions and coordinates, which `xarray.open_dataset(path)`, h5py and h5ls read.
In a simulation `seed` comes before `time`; an integration has no seeds. All quantities are pure numbers.

## Always there

{always}
## Over time

Those that a run has, by `save` and by what it computes. `Q`, `M`, `P` are overlaps of the fields: with blocks of
inputs, the sums over blocks with their eigenvalues.

{over_time}
## By block of the inputs

{blocks}
## Attributes

Of the root, in the files of a run:

{attributes}
The group `provenance` has, as texts, the `spec` as it was given, `resolved` (JSON: every value), and the `environment`
(JSON: versions, processor, command line, times).
"""
_TINY = {
    "name": "tiny",
    "dimension": 50,
    "teacher": {"width": 2},
    "student": {"width": 2},
    "learning_rate": 0.5,
    "time": {"stop": 0.1, "points": 2},
    "simulate": {"seeds": 2},
}
_COORDINATES = {"seed", "student", "student_b", "teacher", "teacher_b", "block", "task"}


def _tiny():
    from sgdode import integrate, load_spec, simulate

    spec = load_spec(_TINY)
    return simulate(spec), integrate(spec)


def _always():
    from sgdode.results.quantities import QUANTITIES

    found = {}
    for result in _tiny():
        data = result.to_xarray()
        for name in data.variables:
            if name not in QUANTITIES and name not in found:
                about = data[name].attrs.get("long_name", f"counts the {name.removesuffix('_b')}s, from 0")
                found[name] = (name, data[name].dims, about)
    return found.values()


def _attributes():
    rows = {}
    for result in _tiny():
        for name, value in result.attributes.items():
            shown = "" if name in ("hash", "spec_hash", "problem_hash") else str(value)
            rows.setdefault(name, [f"`{name}`", f"`{shown}`" if 0 < len(shown) < 40 else ""])
    return _table(["attribute", "as here"], [rows[name] for name in sorted(rows)])


def records_page():
    """What there is to choose from: activations, systems, starts, laws of inputs, losses, methods, figures."""
    from sgdode.gaussian.variance.table import METHODS
    from sgdode.model.activations import ACTIVATIONS
    from sgdode.model.inputs import INPUT_LAWS
    from sgdode.model.losses import LOSSES
    from sgdode.model.starts import STARTS
    from sgdode.model.systems import SYSTEMS
    from sgdode.plots.figures.records import FIGURES

    start_keys = {name: ", ".join(f"`{key}`" for key in law.keys) for name, law in STARTS.items()}
    return "\n".join(
        [
            RECORDS_HEAD,
            _section("Activations", ["name"], [[f"`{name}`"] for name in ACTIVATIONS]),
            _section(
                "Systems of equations",
                ["`integrate.equations`", "in the paper", "valid when"],
                [[f"`{name}`", s.paper, _cell(s.valid)] for name, s in SYSTEMS.items()],
            ),
            _section(
                "Starts",
                ["`initial.kind`", "what it is", "its keys"],
                [[f"`{name}`", _cell(law.meaning), start_keys[name]] for name, law in STARTS.items()],
            ),
            _section("Laws of the inputs", ["name", ""], [[f"`{n}`", _cell(r.meaning)] for n, r in INPUT_LAWS.items()]),
            _section("Losses", ["name", ""], [[f"`{n}`", _cell(r.meaning)] for n, r in LOSSES.items()]),
            _section("Methods for Ψ(Var)", ["name, the first that holds is taken"], [[f"`{n}`"] for n in METHODS]),
            _section(
                "Figures", ["`--figure`", "what it shows"], [[f"`{n}`", _cell(r.about)] for n, r in FIGURES.items()]
            ),
        ]
    )


RECORDS_HEAD = """# What there is to choose from

Each is one record of the program (the {doc}`developer's page </developers>` tells how to add one).
"""


def _section(title, head, rows):
    return f"## {title}\n\n{_table(head, rows)}"


def python_page():
    """Every public name."""
    import sgdode

    parts = [PYTHON_HEAD]
    for name in sgdode.__all__:
        kind = "class" if inspect.isclass(getattr(sgdode, name)) else "function"
        exception = kind == "class" and issubclass(getattr(sgdode, name), BaseException)
        members = "" if kind == "function" or exception else f"   :exclude-members: {_HIDDEN}\n"
        what = "exception" if exception else kind
        made = "()" if hasattr(getattr(sgdode, name), "model_fields") else ""  # its keys have a page of their own
        parts.append(
            f"(name-{name})=\n## {name}\n\n```{{eval-rst}}\n.. auto{what}:: sgdode.{name}{made}\n{members}```\n"
        )
    return "\n".join(parts)


_HIDDEN = "model_config, model_post_init, model_fields, model_computed_fields"
PYTHON_HEAD = """# Python names

`import sgdode`. Heavy parts are imported on first use.
"""
PAGES = {
    "keys": keys_page,
    "commands": commands_page,
    "datasets": datasets_page,
    "records": records_page,
    "python": python_page,
}


def write(path, text):
    """Write what has changed: an unchanged page is not read again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def make_pages(app):
    """All pages of the reference, and those gathered from the experiments."""
    import gathered

    folder = Path(app.srcdir) / FOLDER
    for name, page in PAGES.items():
        write(folder / f"{name}.md", page())
    gathered.make_pages(folder)


def as_restructured_text(app, what, name, obj, options, lines):
    """Docstrings are plain text with ``code``: what reStructuredText would read beyond that is escaped."""
    text = "\n".join(lines)
    parts = re.split(r"(``.+?``|:\w+:`[^`]+`)", text, flags=re.S)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"([*|`]|(?<=\w)_(?=\W|$))", r"\\\1", parts[i])
    lines[:] = "".join(parts).split("\n")


def setup(app):
    app.connect("builder-inited", make_pages)
    app.connect("autodoc-process-docstring", as_restructured_text)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
