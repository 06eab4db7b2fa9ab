"""The whole city beside the published margins: what is fitted is exact, the rest is told."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stadi.people import faithful, paavo
from stadi.people.city import City, draw
from stadi.people.faithful import Margin

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
DISTRICTS = SHARED / "areas" / "helsinki_districts_34.geojson"
INDICATORS = SHARED / "population" / "helsinki_district_indicators_2018_2023.csv"
GRID = SHARED / "population" / "hsy_populationgrid_with_heat.json"
needs_shared = pytest.mark.skipif(
    not SHARED.exists(),
    reason="the districts and the grid lie in ../shared, which is not part of the project",
)
ROUGH = ("mean income by area, euros a year", "median income by area, euros a year")


@cache
def whole_city() -> City:
    people = sum(area.inhabitants for area in paavo.built_in())
    return draw(areas=paavo.built_in(), residents=people, seed=2027, today=date(2027, 1, 15))


@cache
def margins() -> dict[str, Margin]:
    return {m.name: m for m in faithful.report(whole_city(), paavo.built_in())}


def test_fitted_margins_are_exact() -> None:
    fitted = {n: m.error for n, m in margins().items() if m.kind == "fitted" and n not in ROUGH}
    assert len(fitted) == 11
    assert fitted == dict.fromkeys(fitted, 0.0)


def test_fitted_margins_are_exact_for_another_seed() -> None:
    people = sum(area.inhabitants for area in paavo.built_in())
    other = draw(areas=paavo.built_in(), residents=people, seed=5, today=date(2027, 1, 15))
    found = faithful.report(other, paavo.built_in())
    assert [m.name for m in found if m.kind == "fitted" and m.error and m.name not in ROUGH] == []


def test_means_are_right_to_a_euro_and_medians_to_a_hundredth() -> None:
    mean, median = (margins()[name] for name in ROUGH)
    assert mean.error < 1
    assert median.error < 0.01 * median.target


def test_held_out_margins_are_reported_and_not_fitted() -> None:
    held = [m for m in margins().values() if m.kind == "held out"]
    assert len(held) == 9
    assert all(m.error for m in held)
    four = margins()["households of four or more"]
    assert 0.085 < four.drawn < 0.107


def test_care_is_drawn_by_chance_at_the_citys_rates() -> None:
    drawn = [m for m in margins().values() if m.kind == "drawn by chance"]
    assert len(drawn) == 2
    assert max(abs(m.error) for m in drawn) < 0.01


def test_the_documented_margins_are_those_drawn() -> None:
    assert [name for name, margin in margins().items() if not _documented(margin)] == []


def _documented(margin: Margin) -> bool:
    text = (ROOT / "docs/explanation/demo-city.md").read_text("utf-8")
    return f"| {margin.name} | {margin.kind} | {_told(margin)} |" in text


def _told(margin: Margin) -> str:
    if abs(margin.target) < 1:
        one, other = (f"{100 * x:.1f} %" for x in (margin.target, margin.drawn))
        points = round(100 * margin.error, 1) + 0.0  # no minus before a zero
        return f"{one} | {other} | {points:+.1f} points"
    error = f"{margin.error:+,.0f}" if margin.kind == "held out" else f"{margin.error:,.0f}"
    return f"{margin.target:,.0f} | {margin.drawn:,.0f} | {error}"


@needs_shared
def test_languages_by_district_are_held_out_and_told() -> None:
    with INDICATORS.open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["Year"] == "2023"]
    share = {r["Area"]: float(r["Proportion of foreign language"]) for r in rows}
    shapes = {
        f["properties"]["Area"]: _rings(f["geometry"])
        for f in json.loads(DISTRICTS.read_text("utf-8"))["features"]
    }
    names = sorted(share)
    found = [
        next((i for i, name in enumerate(names) if _inside(_degrees(area), shapes[name])), -1)
        for area in paavo.built_in()
    ]
    margin = faithful.districts(
        whole_city(), district=np.array(found), others=np.array([share[n] for n in names])
    )
    assert _documented(margin)


@needs_shared
def test_ages_of_the_grid_are_held_out_and_told() -> None:
    features = json.loads(GRID.read_text("utf-8"))["features"]
    shapes = [_rings(f["geometry"]) for f in json.loads(DISTRICTS.read_text("utf-8"))["features"]]
    names = [*(f"ika{low}_{low + 9}" for low in range(0, 80, 10)), "ika_yli80"]
    counts = np.zeros(9, dtype=np.int64)
    for feature in features:
        figures = [feature["properties"][name] for name in names]
        middle = np.mean(feature["geometry"]["coordinates"][0][:4], axis=0)
        hidden = max(figures) > 10_000
        if not hidden and any(_inside(tuple(middle), rings) for rings in shapes):
            counts += np.array(figures)
    margin = faithful.decades(whole_city(), counts=counts)
    assert _documented(margin)


Ring = list[tuple[float, float]]


def _rings(geometry: dict[str, Any]) -> list[Ring]:
    many = geometry["type"] == "MultiPolygon"
    parts = geometry["coordinates"] if many else [geometry["coordinates"]]
    return [[(float(p[0]), float(p[1])) for p in part[0]] for part in parts]


def _inside(point: tuple[float, float], rings: list[Ring]) -> bool:
    x, y = point
    return any(sum(_crossings(x, y, ring)) % 2 for ring in rings)


def _crossings(x: float, y: float, ring: Ring) -> Iterator[bool]:
    for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
        yield (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)


def _degrees(area: paavo.Area) -> tuple[float, float]:
    """Return an area's middle in degrees east and north (transverse Mercator, GRS 80)."""
    major, flat = 6_378_137.0, 0.00669438
    east, north = (area.x - 500_000) / 0.9996, area.y / 0.9996
    north_rad = np.radians(60.0)
    for _ in range(6):
        arc = (1 - flat / 4 - 3 * flat**2 / 64) * north_rad
        arc -= (3 * flat / 8 + 3 * flat**2 / 32) * np.sin(2 * north_rad)
        arc += 15 * flat**2 / 256 * np.sin(4 * north_rad)
        north_rad += north / major - arc
    away = east / (major / np.sqrt(1 - flat * np.sin(north_rad) ** 2))
    slope = np.tan(north_rad)
    turn = (away - away**3 * (1 + 2 * slope**2) / 6) / np.cos(north_rad)
    return 27 + float(np.degrees(turn)), float(np.degrees(north_rad - slope * away**2 / 2))
