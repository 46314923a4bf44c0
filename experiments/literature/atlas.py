"""Make pages of the gallery and the table of all: python atlas.py [quick] [NAME...]; ``table`` makes that alone.

In quick mode figures and numbers go to */results/quick, and README.md stays as it is.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from gallery import HERE, Page, pages, script

TOP = "<!-- the table: made by atlas.py from numbers.json -->"


def make(name: str, quick: bool) -> None:
    """Run one page and say what came of it."""
    module, start = script(name), time.perf_counter()
    page = Page(name, quick, module.SOURCE)
    module.make(page)
    page.save(module.PAPER, module.TITLE)
    agree = sum(row["agrees"] for row in page.rows)
    print(f"{name}: {agree} of {len(page.rows)} agree, {time.perf_counter() - start:.0f} s", flush=True)


def cell(value: float | str) -> str:
    """A number or a statement in the table."""
    return value if isinstance(value, str) else f"{value:.4g}"


def measured(row: dict[str, Any]) -> str:
    """With its error, where it has one."""
    error = row.get("error", 0.0)
    return cell(row["measured"]) + (f" ± {error:.1g}" if error else "")


HEAD = "| what | published | measured | off by | agrees |\n|---|---|---|---|---|"


def line(row: dict[str, Any]) -> str:
    """A number as a row of a table."""
    numeric = "within" in row
    off = f"{row['measured'] / row['published'] - 1.0:+.1%}" if numeric else ""
    agrees = ("yes" if row["agrees"] else "**no**") + (f", within {row['within']:.2g}" if numeric else "")
    mark = "" if row["basis"] == "read" else f" ({row['basis']})"
    what = row["what"].replace("|", r"\|")
    return f"| {what} | {cell(row['published'])}{mark} | {measured(row)} | {off} | {agrees} |"


def numbers(name: str) -> dict[str, Any]:
    """What numbers.json of a page holds."""
    found: dict[str, Any] = json.loads((HERE / name / "numbers.json").read_text(encoding="utf-8"))
    return found


def table(name: str) -> str:
    """Every number of a page, as Markdown."""
    return "\n".join([HEAD, *map(line, numbers(name)["numbers"])])


def tables() -> str:
    """Every number of every page."""
    parts = []
    for name in pages():
        found = numbers(name)
        parts.append(f"## [{found['title']}]({name}/README.md): {found['paper']}\n\n{table(name)}")
    return "\n\n".join(parts)


def write(path: Path, text: str) -> None:
    """Put a table below the mark of a page, in place of what is there."""
    before = path.read_text(encoding="utf-8").split(TOP)[0].rstrip()
    path.write_text(f"{before}\n\n{TOP}\n\n{text}\n", encoding="utf-8")


def main(words: list[str]) -> None:
    quick = "quick" in words
    names = [word for word in words if word not in ("quick", "table")]
    if "table" not in words:
        for name in names or pages():
            make(name, quick)
    if not quick:
        for name in names or pages():
            write(HERE / name / "README.md", table(name))
        write(HERE / "README.md", tables())


if __name__ == "__main__":
    main(sys.argv[1:])
