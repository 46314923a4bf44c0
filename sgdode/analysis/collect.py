"""``collect`` in Python: many results as one pandas table; and its files for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from sgdode.analysis.table import Row, columns, plain_value, table_rows, write_csv
from sgdode.errors import FileError, MissingExtra, UsageError
from sgdode.notebook import tell, watched
from sgdode.results.crossing import refuse_level
from sgdode.results.export import write_netcdf
from sgdode.results.files import Given, given_results

if TYPE_CHECKING:
    import pandas

#: The files that a table can be written to.
TABLES = (".csv", ".parquet", ".nc")


def collect(
    *results: Given,
    thresholds: Sequence[float] = (),
    varying: bool = False,
    per_seed: bool = False,
    progress: bool | None = None,
) -> pandas.DataFrame:
    """Results, files, folders of them or patterns as a pandas table: a row each, or with ``per_seed`` a row a seed.

    Its columns are the settings by dotted key (``varying``: only those that differ) and what ``sgdode collect`` tells:
    final_risk, plateau_risk, floor_risk, and time_below_R for every R of ``thresholds``. What cannot be read is warned
    of and left out. Raises MissingExtra without pandas, FileError where nothing can be read.
    """
    frame = _pandas("collect")
    for level in thresholds:
        refuse_level(level)
    broken: list[str] = []
    with watched("collect", progress) as count:
        given = list(given_results(results))
        rows = table_rows(given, thresholds, broken.append, per_seed=per_seed, progress=count, warn=broken.append)
    if not rows:
        raise FileError("; ".join(broken) or "collect: no result given")
    tell(broken)
    found: pandas.DataFrame = frame.DataFrame(_records(rows, varying))
    return found


def write_table(rows: Sequence[Row], path: Path, part: Path, varying: bool = False) -> None:
    """Write rows into ``part``, in the way that the ending of ``path`` says: CSV, parquet, or NetCDF for xarray.

    Raises UsageError for another ending, MissingExtra where a package is not there.
    """
    refuse_ending(path)
    if path.suffix == ".csv":
        with part.open("w", newline="", encoding="utf-8") as file:
            write_csv(rows, file, varying)
        return
    frame = _pandas(f"a {path.suffix} file").DataFrame(_records(rows, varying))
    if path.suffix == ".parquet":
        try:
            frame.to_parquet(part, index=False)
        except ImportError:
            raise MissingExtra("a .parquet file", "pyarrow", "tables") from None
        return
    try:
        dataset = frame.rename_axis("row").to_xarray()
    except ImportError:
        raise MissingExtra("a .nc file", "xarray with h5netcdf", "xarray") from None
    write_netcdf(dataset, part)


def refuse_ending(path: Path) -> None:
    """Raises UsageError for a file that no table is written to."""
    if path.suffix not in TABLES:
        raise UsageError(f"{path}: collect writes tables; give a name that ends in {', '.join(TABLES)}")


def _records(rows: Sequence[Row], varying: bool) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for part, key in columns(rows, varying):
        values = [plain_value(row[part].get(key)) for row in rows]
        kinds = {type(value) for value in values if value is not None}
        if kinds <= {int, float}:  # a column of numbers: NaN where there is none
            values = [float("nan") if value is None else value for value in values]
        elif len(kinds) > 1:  # a file takes one kind a column
            values = [None if value is None else str(value) for value in values]
        found[key] = values
    return found


def _pandas(what: str) -> ModuleType:
    try:
        import pandas
    except ImportError:
        raise MissingExtra(what, "pandas", "tables") from None
    return pandas
