"""Pages that are kept elsewhere in the project: the figures, the results of the literature, the changes."""

import re
import shutil
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_IMAGE = re.compile(r"(!\[[^\]]*\]\()([^)]+\.(?:png|gif|svg))(\))")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)]+)\)")


def _page(source, folder, name, head=""):
    """A Markdown file of the project as a page: its pictures beside it, links to files as their names."""
    from generated import write

    text = source.read_text()
    pictures = folder / "pictures" / name
    for _, picture, _ in _IMAGE.findall(text):
        pictures.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.parent / picture, pictures / Path(picture).name)
    text = _IMAGE.sub(lambda found: f"{found[1]}pictures/{name}/{Path(found[2]).name}{found[3]}", text)
    text = _LINK.sub(_linked, text)
    write(folder / f"{name}.md", head + text)


def _linked(found):
    """A link to the page of a published result, or the name of a file of the project."""
    text, target = found.groups()
    path = Path(target)
    if path.name == "README.md" and (PROJECT / "experiments" / "literature" / path.parent.name).is_dir():
        return f"[{text}](literature-{path.parent.name}.md)"
    return f"{text} (`{target}`)"


def literature():
    """The folders of published results, each with a page."""
    return sorted(path.parent for path in PROJECT.glob("experiments/literature/*/README.md"))


def make_pages(folder):
    from generated import write

    _page(PROJECT / "experiments" / "README.md", folder, "figures")
    _page(PROJECT / "CHANGELOG.md", folder, "changes")
    results = literature()
    for path in results:
        _page(path / "README.md", folder, f"literature-{path.name}")
    entries = "\n".join(f"literature-{path.name}" for path in results)
    index = PROJECT / "experiments" / "literature" / "README.md"
    if index.exists():
        _page(index, folder, "literature")
        text = (folder / "literature.md").read_text()
    else:
        text = LITERATURE
    write(folder / "literature.md", f"{text}\n```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n")


LITERATURE = """# Published results, measured again

Each page names a paper, what it says, and what the program measures. `make atlas` computes all of them again, `make
atlas-quick` the smaller ones.
"""
