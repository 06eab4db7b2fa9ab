"""Postal areas of Statistics Finland's Paavo: the reader of its file and the built-in table."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeAlias

from stadi.people.paavo_columns import COLUMNS

AGE_BANDS: Final[tuple[tuple[int, int], ...]] = (
    (0, 2),
    (3, 6),
    (7, 12),
    (13, 15),
    (16, 17),
    (18, 19),
    *((low, low + 4) for low in range(20, 85, 5)),
    (85, 100),
)
"""First and last age of each band, in years; the last band is open in Paavo and ends at 100
here.
"""

SOURCE: Final = "Statistics Finland, Paavo 2022, CC BY 4.0; figures only, no geometry"

_CRS: Final = ("urn:ogc:def:crs:EPSG::3067", "EPSG:3067")
_EAST: Final = (
    50_000,
    760_000,
)  # metres; Finland in EPSG:3067, as in the extent of the EPSG register
_NORTH: Final = (6_570_000, 7_800_000)
_FIGURES: Final = {
    "women": "Females (HE)",
    "men": "Males (HE)",
    "households": "Households, total (TE)",
    "one_person": "One-person households (TE)",
    "one_parent": "One-parent households with children (TE)",
    "with_children": "Households with children (TE)",
    "under_school_age": "Households with children under school age (TE)",
    "owned": "Households living in owner-occupied dwellings (TE)",
    "rented": "Households living in rented dwellings (TE)",
    "under_15": "Children aged 0 to 14 (PT)",
    "employed": "Employed (PT)",
    "unemployed": "Unemployed (PT)",
    "students": "Students (PT)",
    "pensioners": "Pensioners (PT)",
    "low_income": "Inhabitants belonging to the lowest income category",
    "high_income": "Inhabitants belonging to the highest income category",
    "mean_income": "Average income of inhabitants",
    "median_income": "Median income of inhabitants",
}
_INHABITANTS: Final = "Inhabitants, total (HE)"
_MINOR_BANDS: Final = 5  # 0-17 years
_WHOLE: Final = frozenset(_FIGURES.values()) | {
    name for name in COLUMNS if name.endswith(("(HE)", "(TE)")) and "Average" not in name
}
_BAND_NAMES: Final = tuple(f"{low}-{high}" for low, high in AGE_BANDS)
_PLACE: Final = ("x", "y", "radius")

_Point: TypeAlias = tuple[float, float]


class PaavoError(ValueError):
    """The file is not a Paavo file that can be read whole, so none of it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One postal area: its inhabitants and households, and the circle that stands for its polygon.

    `ages` holds inhabitants in the order of `AGE_BANDS`; `under_school_age` counts households
    with a child under school age; `owned` and `rented` count households, the rented with those in
    a right-of-occupancy home. The four activities count people of 15 or more, the two income
    classes people of 18 or more; both incomes are euros a year after taxes. `x` and `y` are the
    centroid in metres (EPSG:3067) and `radius`, in metres, is that of the circle of the same area
    as the polygon.
    """

    code: str
    name: str
    ages: tuple[int, ...]
    women: int
    men: int
    households: int
    one_person: int
    one_parent: int
    with_children: int
    under_school_age: int
    owned: int
    rented: int
    under_15: int
    employed: int
    unemployed: int
    students: int
    pensioners: int
    low_income: int
    high_income: int
    mean_income: int
    median_income: int
    x: int
    y: int
    radius: int

    @property
    def inhabitants(self) -> int:
        """People of all ages."""
        return sum(self.ages)

    @property
    def adults(self) -> int:
        """People of 18 or more."""
        return sum(self.ages[_MINOR_BANDS:])


def read(path: Path) -> tuple[Area, ...]:
    """Read every postal area of a Paavo GeoJSON file, or raise PaavoError and read none."""
    areas: list[Area] = []
    seen: dict[str, int] = {}
    for row, feature in enumerate(_features(path), start=1):
        area = _Row(path=path, row=row, feature=feature).area()
        if area.code in seen:
            message = (
                f"{path.name}, feature {row}, postal_code: "
                f"{area.code} already stands in feature {seen[area.code]}"
            )
            raise PaavoError(message)
        seen[area.code] = row
        areas.append(area)
    return tuple(areas)


def vintage(path: Path) -> int:
    """Return the year the figures stand for, from the file name: the column `year` says 2023 in
    every vintage.
    """
    years = re.findall(r"(?<!\d)20\d\d(?!\d)", path.stem)
    if len(years) != 1:
        message = f"{path.name}: the file name must hold the vintage, such as paavo_2022.geojson"
        raise PaavoError(message)
    return int(years[0])


@cache
def built_in() -> tuple[Area, ...]:
    """Return the 84 postal areas of Helsinki as on 31 December 2022 (source in the table's first
    line).
    """
    return from_table(files("stadi.people").joinpath("areas.csv").read_text(encoding="utf-8"))


def table(areas: Sequence[Area]) -> str:
    """Write areas as the text of the built-in table: one line of source, then CSV."""
    out = io.StringIO()
    out.write(f"# {SOURCE}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["code", "name", *_BAND_NAMES, *_FIGURES, *_PLACE])
    for area in areas:
        numbers = (getattr(area, name) for name in (*_FIGURES, *_PLACE))
        writer.writerow([area.code, area.name, *area.ages, *numbers])
    return out.getvalue()


def from_table(text: str) -> tuple[Area, ...]:
    """Read areas from the text that `table` writes."""
    lines = csv.DictReader(text.splitlines()[1:])
    if missing := {*_FIGURES, *_PLACE} - set(lines.fieldnames or ()):
        message = (
            f"areas.csv, {min(missing)}: the column is missing; "
            "an older Stadi wrote the file: run `stadi import paavo FILE` again"
        )
        raise PaavoError(message)
    return tuple(
        Area(
            code=line["code"],
            name=line["name"],
            ages=tuple(int(line[band]) for band in _BAND_NAMES),
            **{name: int(line[name]) for name in (*_FIGURES, *_PLACE)},
        )
        for line in lines
    )


def _features(path: Path) -> list[object]:
    try:
        parsed = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"{path.name}: not whole JSON text ({error})"
        raise PaavoError(message) from error
    if not isinstance(parsed, dict) or parsed.get("type") != "FeatureCollection":
        message = f"{path.name}, type: a Paavo file is a GeoJSON FeatureCollection"
        raise PaavoError(message)
    crs = _name_of(parsed.get("crs"))
    if crs not in _CRS:
        message = f"{path.name}, crs: expected EPSG:3067, found {crs or 'none'}"
        raise PaavoError(message)
    features = parsed.get("features")
    if not isinstance(features, list) or not features:
        message = f"{path.name}, features: the file holds no areas"
        raise PaavoError(message)
    return features


def _name_of(crs: object) -> str:
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One feature of the file, with what an error must name."""

    path: Path
    row: int
    feature: object

    def area(self) -> Area:
        values = self._values()
        code, name = self._text(values, "postal_code"), self._text(values, "name")
        if not re.fullmatch(r"[0-9]{5}", code):
            raise self._error("postal_code", f"expected five digits, found {code!r}")
        counts = {column: self._count(values, column) for column in _WHOLE}
        ages = tuple(counts[_column(band)] for band in AGE_BANDS)
        figures = {field: counts[column] for field, column in _FIGURES.items()}
        self._check_sums(ages=ages, figures=figures, inhabitants=counts[_INHABITANTS])
        x, y, radius = self._circle(values["geometry"])
        return Area(code=code, name=name, ages=ages, **figures, x=x, y=y, radius=radius)

    def _error(self, field: str, what: str) -> PaavoError:
        return PaavoError(f"{self.path.name}, feature {self.row}, {field}: {what}")

    def _values(self) -> dict[str, object]:
        properties = self.feature.get("properties") if isinstance(self.feature, dict) else None
        if not isinstance(self.feature, dict) or not isinstance(properties, dict):
            raise self._error("properties", "the feature has none")
        values = {**properties, "geometry": self.feature.get("geometry")}
        if missing := [name for name in COLUMNS if name not in values]:
            raise self._error(
                missing[0],
                f"the column is missing, as are {len(missing) - 1} others of {len(COLUMNS)}",
            )
        if unknown := sorted(set(values) - set(COLUMNS)):
            raise self._error(
                unknown[0],
                f"unknown column ({len(unknown)} in all); "
                f"the {len(COLUMNS)} known stand in paavo_columns",
            )
        return values

    def _text(self, values: Mapping[str, object], column: str) -> str:
        value = values[column]
        if not isinstance(value, str) or not value.strip():
            raise self._error(column, f"expected text, found {value!r}")
        return value.strip()

    def _count(self, values: Mapping[str, object], column: str) -> int:
        value = values[column]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not float(value).is_integer()
        ):
            raise self._error(column, f"expected a whole number, found {value!r}")
        if value < 0:
            raise self._error(column, f"expected zero or more, found {value!r}")
        return int(value)

    def _check_sums(
        self, *, ages: tuple[int, ...], figures: Mapping[str, int], inhabitants: int
    ) -> None:
        if sum(ages) != inhabitants:
            raise self._error(_INHABITANTS, f"the ages add up to {sum(ages)}, not {inhabitants}")
        if figures["women"] + figures["men"] != inhabitants:
            raise self._error(_FIGURES["women"], f"women and men do not add up to {inhabitants}")
        for part, whole in (
            ("one_person", "households"),
            ("with_children", "households"),
            ("one_parent", "with_children"),
            ("under_school_age", "with_children"),
        ):
            if figures[part] > figures[whole]:
                raise self._error(
                    _FIGURES[part],
                    f"{figures[part]} is more than {figures[whole]} in {_FIGURES[whole]}",
                )
        for parts, most in (
            (("owned", "rented"), figures["households"]),
            (("under_15", "employed", "unemployed", "students", "pensioners"), inhabitants),
            (("low_income", "high_income"), sum(ages[_MINOR_BANDS:])),
        ):
            if (together := sum(figures[part] for part in parts)) > most:
                raise self._error(
                    _FIGURES[parts[0]],
                    f"with {' and '.join(_FIGURES[p] for p in parts[1:])} "
                    f"it adds up to {together}, more than {most}",
                )
        if not sum(ages[:3]) <= figures["under_15"] <= sum(ages[:4]):
            raise self._error(
                _FIGURES["under_15"],
                f"{figures['under_15']} is not from {sum(ages[:3])} to {sum(ages[:4])}, "
                "as the ages say",
            )

    def _circle(self, geometry: object) -> tuple[int, int, int]:
        try:
            size, x, y = _centroid(geometry)
        except (TypeError, ValueError, KeyError, IndexError, ZeroDivisionError) as error:
            raise self._error(
                "geometry", "expected a polygon or multipolygon with an area"
            ) from error
        if not (_EAST[0] < x < _EAST[1] and _NORTH[0] < y < _NORTH[1]):
            raise self._error("geometry", f"({x:.0f}, {y:.0f}) lies outside Finland in EPSG:3067")
        return round(x), round(y), round(math.sqrt(size / math.pi))


def _column(band: tuple[int, int]) -> str:
    low, high = band
    return "85 years or over (HE)" if band == AGE_BANDS[-1] else f"{low}-{high} years (HE)"


def _centroid(geometry: object) -> tuple[float, float, float]:
    """Return area in square metres and centroid of a polygon; holes count against it."""
    size = east = north = 0.0
    for index, ring in _rings(geometry):
        ring_size, ring_east, ring_north = _moments(ring)
        sign = math.copysign(1.0, ring_size) * (1 if index == 0 else -1)
        size, east, north = (
            size + sign * ring_size,
            east + sign * ring_east,
            north + sign * ring_north,
        )
    return size, east / size, north / size


def _rings(geometry: object) -> Iterator[tuple[int, list[_Point]]]:
    if not isinstance(geometry, dict) or geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        raise TypeError
    many = geometry["type"] == "MultiPolygon"
    for polygon in geometry["coordinates"] if many else [geometry["coordinates"]]:
        for index, ring in enumerate(polygon):
            yield index, [(float(point[0]), float(point[1])) for point in ring]


def _moments(ring: Sequence[_Point]) -> tuple[float, float, float]:
    # Measured from the first corner: products of seven-digit coordinates would lose the metres.
    from_x, from_y = ring[0]
    size = east = north = 0.0
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        ax, ay, bx, by = x1 - from_x, y1 - from_y, x2 - from_x, y2 - from_y
        cross = ax * by - bx * ay
        size, east, north = (
            size + cross / 2,
            east + (ax + bx) * cross / 6,
            north + (ay + by) * cross / 6,
        )
    return size, east + from_x * size, north + from_y * size
