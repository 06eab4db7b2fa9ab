"""Cases for the reader of Paavo files and for the built-in table."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stadi.people import paavo
from stadi.people.paavo_columns import COLUMNS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "population"
REAL = SHARED / "paavo_helsinki_postal_2022.geojson"
needs_real_file = pytest.mark.skipif(
    not REAL.exists(),
    reason="the real Paavo files lie in ../shared, which is not part of the project",
)

Json = dict[str, Any]
SQUARE = [
    [385000, 6672000],
    [386000, 6672000],
    [386000, 6673000],
    [385000, 6673000],
    [385000, 6672000],
]
HOLE = [
    [385400, 6672400],
    [385600, 6672400],
    [385600, 6672600],
    [385400, 6672600],
    [385400, 6672400],
]


def feature(code: str, *, people: int = 40) -> Json:
    properties: Json = dict.fromkeys((name for name in COLUMNS if name != "geometry"), 0.0)
    properties |= {
        "postal_code": code,
        "year": 2023,
        "name": f"Area {code}",
        "area_name": "Area (Helsinki)",
    }
    properties |= {
        "3-6 years (HE)": people / 4,
        "35-39 years (HE)": people * 3 / 4,
        "Inhabitants, total (HE)": float(people),
        "Females (HE)": people / 2,
        "Males (HE)": people / 2,
        "Households, total (TE)": people / 2,
        "One-person households (TE)": people / 4,
        "Households with children (TE)": people / 4,
        "One-parent households with children (TE)": 1.0 if people else 0.0,
        "Households with children under school age (TE)": people / 4,
        "Average size of households (TE)": 2.1,
        "Households living in owner-occupied dwellings (TE)": people / 4,
        "Households living in rented dwellings (TE)": people / 4,
        "Children aged 0 to 14 (PT)": people / 4,
        "Employed (PT)": people / 2,
        "Students (PT)": people / 4,
        "Inhabitants belonging to the lowest income category": people / 4,
        "Inhabitants belonging to the highest income category": people / 2,
        "Average income of inhabitants": 30_000.0 if people else 0.0,
        "Median income of inhabitants": 28_000.0 if people else 0.0,
    }
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
    }


def collection() -> Json:
    return {
        "type": "FeatureCollection",
        "name": "statistics",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3067"}},
        "features": [feature("00100"), feature("00230", people=0), feature("00300", people=80)],
    }


def write(folder: Path, content: object) -> Path:
    path = folder / "paavo_test_2022.geojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_there_are_twenty_age_bands_without_a_gap() -> None:
    assert len(paavo.AGE_BANDS) == 20
    ends = [band[1] + 1 for band in paavo.AGE_BANDS[:-1]]
    assert ends == [band[0] for band in paavo.AGE_BANDS[1:]]
    assert (paavo.AGE_BANDS[0][0], paavo.AGE_BANDS[-1][1]) == (0, 100)


def test_113_columns_are_known_once_each() -> None:
    assert len(COLUMNS) == len(set(COLUMNS)) == 113


def test_a_whole_file_is_read_in_its_order(tmp_path: Path) -> None:
    first, empty, last = paavo.read(write(tmp_path, collection()))
    assert (first.code, first.inhabitants, first.ages[1], first.ages[9]) == ("00100", 40, 10, 30)
    assert (first.women, first.men, first.households, first.one_person) == (20, 20, 20, 10)
    assert (first.x, first.y, first.radius) == (385500, 6672500, 564)
    assert (last.code, last.inhabitants) == ("00300", 80)
    assert (empty.code, empty.inhabitants, empty.households) == ("00230", 0, 0)


def test_a_hole_makes_the_area_smaller(tmp_path: Path) -> None:
    content = collection()
    content["features"][0]["geometry"]["coordinates"].append(HOLE)
    area = paavo.read(write(tmp_path, content))[0]
    assert (area.x, area.y, area.radius) == (385500, 6672500, 553)


def test_parts_of_an_area_are_weighed_by_size(tmp_path: Path) -> None:
    content = collection()
    east = [[x + 2000, y] for x, y in SQUARE]
    content["features"][0]["geometry"] = {"type": "MultiPolygon", "coordinates": [[SQUARE], [east]]}
    area = paavo.read(write(tmp_path, content))[0]
    assert (area.x, area.y, area.radius) == (386500, 6672500, 798)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, collection())
    path.write_text(path.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    with pytest.raises(paavo.PaavoError, match=r"paavo_test_2022\.geojson: not whole JSON"):
        paavo.read(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture_2022.geojson"
    path.write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(paavo.PaavoError, match="not whole JSON"):
        paavo.read(path)


@pytest.mark.parametrize("content", [[], {}, {"type": "Feature"}, "text", None])
def test_a_foreign_file_is_refused(tmp_path: Path, content: object) -> None:
    with pytest.raises(paavo.PaavoError, match="type: a Paavo file is a GeoJSON FeatureCollection"):
        paavo.read(write(tmp_path, content))


def _set(field: str, value: object) -> Callable[[Json], None]:
    def change(content: Json) -> None:
        content["features"][2]["properties"][field] = value

    return change


def _drop(content: Json) -> None:
    del content["features"][2]["properties"]["3-6 years (HE)"]


def _add(content: Json) -> None:
    content["features"][2]["properties"]["Shoe size (HE)"] = 42


def _lose_crs(content: Json) -> None:
    del content["crs"]


def _other_crs(content: Json) -> None:
    content["crs"]["properties"]["name"] = "urn:ogc:def:crs:EPSG::3879"


def _degrees(content: Json) -> None:
    ring = [[24.9, 60.1], [25.0, 60.1], [25.0, 60.2], [24.9, 60.1]]
    content["features"][2]["geometry"]["coordinates"] = [ring]


def _point(content: Json) -> None:
    content["features"][2]["geometry"] = {"type": "Point", "coordinates": [385000, 6672000]}


def _flat(content: Json) -> None:
    content["features"][2]["geometry"]["coordinates"] = [SQUARE[:2]]


def _no_features(content: Json) -> None:
    content["features"] = []


def _odd_feature(content: Json) -> None:
    content["features"][2] = "a feature"


BAD: dict[str, tuple[Callable[[Json], None], str]] = {
    "missing column": (_drop, r"feature 3, 3-6 years \(HE\): the column is missing"),
    "unknown column": (_add, r"feature 3, Shoe size \(HE\): unknown column \(1 in all\)"),
    "no CRS": (_lose_crs, "crs: expected EPSG:3067, found none"),
    "other CRS": (_other_crs, "crs: expected EPSG:3067, found .*3879"),
    "degrees called metres": (_degrees, "feature 3, geometry: .* outside Finland"),
    "a point": (_point, "feature 3, geometry: expected a polygon"),
    "a polygon without area": (_flat, "feature 3, geometry: expected a polygon"),
    "no features": (_no_features, "features: the file holds no areas"),
    "a feature that is none": (_odd_feature, "feature 3, properties: the feature has none"),
    "same code twice": (
        _set("postal_code", "00100"),
        "feature 3, postal_code: 00100 already stands in feature 1",
    ),
    "code as a number": (_set("postal_code", 300), "feature 3, postal_code: expected text"),
    "short code": (_set("postal_code", "300"), "feature 3, postal_code: expected five digits"),
    "no name": (_set("name", " "), "feature 3, name: expected text"),
    "negative": (
        _set("3-6 years (HE)", -1.0),
        r"feature 3, 3-6 years \(HE\): expected zero or more",
    ),
    "half a person": (
        _set("Males (HE)", 39.5),
        r"feature 3, Males \(HE\): expected a whole number, found 39.5",
    ),
    "empty": (
        _set("Males (HE)", None),
        r"feature 3, Males \(HE\): expected a whole number, found None",
    ),
    "text": (
        _set("Males (HE)", "40"),
        r"feature 3, Males \(HE\): expected a whole number, found '40'",
    ),
    "yes": (
        _set("Males (HE)", True),
        r"feature 3, Males \(HE\): expected a whole number, found True",
    ),
    "not a number": (
        _set("Males (HE)", float("nan")),
        r"feature 3, Males \(HE\): expected a whole number",
    ),
    "endless": (
        _set("Males (HE)", float("inf")),
        r"feature 3, Males \(HE\): expected a whole number",
    ),
    "negative unused": (_set("Pensioner households (TE)", -3), "feature 3, Pensioner households"),
    "ages short": (_set("3-6 years (HE)", 19.0), r"feature 3, Inhabitants.*add up to 79, not 80"),
    "sexes short": (_set("Females (HE)", 39.0), r"feature 3, Females \(HE\): women and men"),
    "more alone than homes": (
        _set("One-person households (TE)", 41.0),
        "feature 3, One-person .* more than 40",
    ),
    "more homes than households": (
        _set("Households living in owner-occupied dwellings (TE)", 30.0),
        r"feature 3, Households living in owner-occupied .* adds up to 50, more than 40",
    ),
    "more at work than there are": (
        _set("Employed (PT)", 60.0),
        r"feature 3, Children aged 0 to 14 \(PT\): with Employed .* adds up to 100, more than 80",
    ),
    "more incomes than adults": (
        _set("Inhabitants belonging to the lowest income category", 21.0),
        "feature 3, Inhabitants belonging to the lowest .* adds up to 61, more than 60",
    ),
    "children that the ages lack": (
        _set("Children aged 0 to 14 (PT)", 19.0),
        r"feature 3, Children aged 0 to 14 \(PT\): 19 is not from 20 to 20",
    ),
    "half a euro": (
        _set("Average income of inhabitants", 30_000.5),
        "feature 3, Average income of inhabitants: expected a whole number",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), BAD.values(), ids=BAD.keys())
def test_one_bad_value_refuses_the_whole_file_by_name(
    tmp_path: Path, change: Callable[[Json], None], sentence: str
) -> None:
    content = copy.deepcopy(collection())
    change(content)
    with pytest.raises(paavo.PaavoError, match=r"^paavo_test_2022\.geojson, .*" + sentence):
        paavo.read(write(tmp_path, content))


def test_the_vintage_comes_from_the_file_name() -> None:
    assert paavo.vintage(Path("2023/paavo_helsinki_postal_2021.geojson")) == 2021


@pytest.mark.parametrize(
    "name", ["paavo.geojson", "paavo_2021_2022.geojson", "paavo_120223.geojson"]
)
def test_a_file_name_without_one_year_has_no_vintage(name: str) -> None:
    with pytest.raises(paavo.PaavoError, match="must hold the vintage"):
        paavo.vintage(Path(name))


def test_the_built_in_table_holds_the_published_totals_of_2022() -> None:
    areas = paavo.built_in()
    assert len(areas) == len({area.code for area in areas}) == 84
    assert sum(area.inhabitants for area in areas) == 652_681
    assert sum(area.women for area in areas) == 343_334
    assert sum(area.households for area in areas) == 351_478
    assert sum(area.under_school_age for area in areas) == 32_027
    assert sum(area.owned for area in areas) == 160_139
    assert sum(area.rented for area in areas) == 188_983
    assert sum(area.employed for area in areas) == 319_773
    assert sum(area.pensioners for area in areas) == 126_167
    assert [area.code for area in areas if not area.inhabitants] == ["00230"]
    assert all(area.women + area.men == area.inhabitants for area in areas)


def test_a_table_of_an_older_stadi_is_refused_by_name() -> None:
    old = paavo.table(paavo.built_in()).replace(",owned,", ",had,")
    with pytest.raises(paavo.PaavoError, match=r"areas\.csv, owned: the column is missing"):
        paavo.from_table(old)


@needs_real_file
def test_the_built_in_table_is_what_the_real_file_says() -> None:
    areas = paavo.read(REAL)
    assert areas == paavo.built_in()
    stored = Path(paavo.__file__).with_name("areas.csv").read_text(encoding="utf-8")
    assert paavo.table(areas) == stored


@needs_real_file
@pytest.mark.parametrize(
    ("year", "inhabitants"), [(2020, 645_935), (2021, 647_593), (2022, 652_681)]
)
def test_each_real_vintage_is_read_whole(year: int, inhabitants: int) -> None:
    path = SHARED / f"paavo_helsinki_postal_{year}.geojson"
    areas = paavo.read(path)
    assert (len(areas), sum(area.inhabitants for area in areas)) == (84, inhabitants)
    assert paavo.vintage(path) == year
