"""Pictures as files, and what they say of themselves."""

import pytest
from PIL import Image
from support.pictures import run, sgd

from sgdode.errors import FileError, RunError
from sgdode.plots.about import about_files, as_lines
from sgdode.plots.draw import draw
from sgdode.plots.files import about_picture, picture_path, save_figure


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_picture_says_what_it_was_drawn_from(suffix, tmp_path):
    runs = [sgd(), run()]
    runs[0].attributes["name"] = r"odd (name) \ ü <&>"
    path = save_figure(draw(runs), tmp_path / f"a.{suffix}", r"sgdode plot 'a (b)\.h5'")
    found = about_picture(path)
    assert found == about_files(runs, "risk") | {"command": r"sgdode plot 'a (b)\.h5'"}
    assert as_lines(found)[1] == r"command: sgdode plot 'a (b)\.h5'"
    assert as_lines(found)[2].startswith("odd (name)")


def test_other_formats(tmp_path):
    band = draw([run(band=True)], size=(3.4, 2.5), dpi=100)
    assert Image.open(save_figure(band, tmp_path / "a.tiff")).size == (340, 250)
    before = band.axes[0].collections[0].get_facecolor().copy()
    text = save_figure(band, tmp_path / "a.eps").read_bytes()
    assert text.startswith(b"%!PS-Adobe")
    assert b"CreationDate" not in text
    assert text == save_figure(band, tmp_path / "b.eps").read_bytes()
    assert (band.axes[0].collections[0].get_facecolor() == before).all(), "the figure stays as it was"
    assert about_picture(tmp_path / "a.eps") is None
    with pytest.raises(FileError, match="cannot be read"):
        about_picture(tmp_path / "none.png")


def test_latex_that_is_not_there_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RunError, match="needs LaTeX"):
        save_figure(draw([run()]), tmp_path / "a.pgf")
    assert not (tmp_path / "a.pgf").exists()


def test_pictures_of_other_files_have_another_name(tmp_path):
    one, other = draw([run(d=5)]), draw([run(d=50)])
    paths = []
    for picture in (one, other, one, other):
        path = picture_path(tmp_path, "plateau", "risk", picture.about)
        paths.append(save_figure(picture, path).name)
    assert paths[0] == paths[2] == "plateau-risk.png"
    assert paths[1] == paths[3] == f"plateau-risk-{other.about['set']}.png"
    assert about_files([run(d=5), run(d=50)], "risk")["set"] == about_files([run(d=50), run(d=5)], "risk")["set"]
