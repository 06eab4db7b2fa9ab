"""Ten million residents from Parquet files, screened in bounded memory by a child process.

`python bench/parquet.py FOLDER` is that child: it screens the folder once and says how it went.
"""

import json
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet
from table import Row, megabytes, peak, runner, seconds, shown

from stadi.engine import sweep
from stadi.services.preschool.service import SERVICE

DAY = date(2027, 1, 15)
CHUNK = 500_000
SMALL, LARGE = 1_000_000, 10_000_000
MEMORY = "512MB"  # what the engine may use; the process itself comes on top


def rows() -> list[Row]:
    """Return the time and the peak memory of both sizes, the counts known beforehand."""
    peaks = {}
    for residents in (SMALL, LARGE):
        with tempfile.TemporaryDirectory(prefix="stadi-bench-") as name:
            folder = Path(name)
            known = write(folder, residents)
            with runner([sys.executable, Path(__file__), folder]) as child:
                found = child.run()
            assert found["counts"] == known, (found["counts"], known)
            peaks[residents] = found["peak"]
            floor = seconds(lambda: [f.read_bytes() for f in folder.glob("*.parquet")], 1)  # noqa: B023
    return [
        Row(
            axis="R1",
            workload=f"{LARGE:,} residents screened from Parquet, engine memory {MEMORY}",
            ours=f"{shown(found['seconds'])}, peak {megabytes(peaks[LARGE])}"
            f" ({SMALL:,}: {megabytes(peaks[SMALL])})",
            goal="bounded memory",
            floor=f"{shown(floor)} (read the files)",
        )
    ]


def write(folder: Path, residents: int) -> dict[str, int]:
    """Write residents and placements chunk by chunk; return how many will be found how."""
    known = np.zeros(4, int)
    with (
        parquet.ParquetWriter(folder / "subject.parquet", SUBJECT) as people,
        parquet.ParquetWriter(folder / "placement.parquet", PLACEMENT) as placements,
    ):
        for start in range(0, residents, CHUNK):
            some, placed, found = chunk(start, min(CHUNK, residents - start))
            people.write_table(some)
            placements.write_table(placed)
            known += found
    no, yes, unknown, stopped = known.tolist()
    return {"no": no, "yes": yes, "unknown": unknown, "stopped": stopped}


SUBJECT = pa.schema(
    [
        ("subject", pa.int64()),
        ("basis", pa.string()),
        ("birth_date", pa.date32()),
        ("municipality", pa.string()),
    ]
)
PLACEMENT = pa.schema([("subject", pa.int64()), ("term", pa.int64())])


def chunk(start: int, size: int) -> tuple[pa.Table, pa.Table, Any]:
    """Return some residents, their places, and the counts of no, yes, unknown and stopped."""
    rng = np.random.default_rng(start)
    subject = np.arange(start, start + size) + 1
    born = np.datetime64(DAY) - rng.integers(0, 90 * 365, size)
    unborn = rng.random(size) < 0.001
    here, stopped = rng.random(size) < 0.9, rng.random(size) < 0.01
    six = (born.astype("datetime64[Y]").astype(int) + 1970) == DAY.year - 6
    placed = six & (rng.random(size) < 0.2)
    false = ~here | placed | (~six & ~unborn)
    outcome = np.where(stopped, 3, np.where(false, 0, np.where(unborn, 2, 1)))
    columns = {
        "subject": subject,
        "basis": np.where(stopped, "objected", "ok"),
        "birth_date": pa.array(born.astype("datetime64[D]"), mask=unborn),
        "municipality": np.where(here, "091", "049"),
    }
    terms = {"subject": subject[placed], "term": np.full(placed.sum(), DAY.year)}
    return (
        pa.table(columns, schema=SUBJECT),
        pa.table(terms, schema=PLACEMENT),
        np.bincount(outcome, minlength=4),
    )


def screen(folder: Path) -> dict[str, Any]:
    """Screen the folder's residents and say how long it took and how large the process grew."""
    files = {name: folder / f"{name}.parquet" for name in ("subject", "placement")}
    begun = time.perf_counter()
    counts = sweep.run_files(
        SERVICE.who, files, as_of=DAY, out=folder / "outcomes.parquet", memory=MEMORY
    )
    return {
        "counts": counts,
        "seconds": time.perf_counter() - begun,
        "peak": peak(),
    }


if __name__ == "__main__":
    for _ in sys.stdin:
        print(json.dumps(screen(Path(sys.argv[1]))), flush=True)
