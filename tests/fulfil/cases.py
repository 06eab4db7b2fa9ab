"""Children and units for the tests, and the cost of a place said once more, in plain Python."""

import hashlib
from itertools import product

from hypothesis import strategies as st

from stadi.fulfil.assignment.assign import assign
from stadi.fulfil.domain import Assignment, Seeker, Term, Vacancy

LAW = "an invented law, section 1"
CONTINUITY = Term(name="continuity", unit="id", metres=400, law=LAW)
LANGUAGE = Term(name="language", unit="language", metres=3000, law=LAW)
SUPPORT = Term(name="support", unit="support", metres=2000, law=LAW)
TERMS = (CONTINUITY, LANGUAGE, SUPPORT)
POINTS = st.integers(0, 6).map(lambda n: n * 250)
WORD = 2**64 - 1


@st.composite
def instances(
    draw: st.DrawFn, *, children: int = 5, siblings: bool = False
) -> tuple[list[Seeker], list[Vacancy]]:
    units = [
        Vacancy(
            id=100 + i,
            x=draw(POINTS),
            y=draw(POINTS),
            places=draw(st.integers(0, 2)),
            language=draw(st.sampled_from(["fi", "sv"])),
            support=draw(st.booleans()),
        )
        for i in range(draw(st.integers(0, 3)))
    ]
    here = st.none() | st.sampled_from([u.id for u in units] + [999])
    wants = st.tuples(
        st.tuples(st.just("id"), here),
        st.tuples(st.just("language"), st.sampled_from([None, "fi", "sv", "en"])),
        st.tuples(st.just("support"), st.sampled_from([None, True, False])),
    )
    family = st.sampled_from([None, None, 1, 2]) if siblings else st.none()
    seekers = [
        Seeker(id=i, x=draw(POINTS), y=draw(POINTS), wants=draw(wants), together=draw(family))
        for i in range(draw(st.integers(0, children)))
    ]
    return seekers, units


def place(
    children: list[Seeker],
    units: list[Vacancy],
    seed: str = "lot",
    policy: str = "optimum",
    terms: tuple[Term, ...] = TERMS,
) -> Assignment:
    return assign(
        seekers=children, vacancies=units, terms=terms, factor=1.3, seed=seed, policy=policy
    )


def where(found: Assignment) -> dict[int, int]:
    return {child: placed.unit for child, placed in found.placed.items()}


def child(number: int, x: int = 0, **more: object) -> Seeker:
    return Seeker(id=number, x=x, y=0, **more)  # type: ignore[arg-type]


def unit(number: int, x: int = 0, places: int = 1, **more: object) -> Vacancy:
    return Vacancy(id=number, x=x, y=0, places=places, **more)  # type: ignore[arg-type]


def weighted(child: Seeker, unit: Vacancy, units: list[Vacancy]) -> int:
    """Return the weighted metres of a place."""
    metres = round(float(((child.x - unit.x) ** 2 + (child.y - unit.y) ** 2) ** 0.5) * 1.3)
    for term in TERMS:
        want = dict(child.wants).get(term.unit)
        if want not in (None, False) and any(getattr(u, term.unit) == want for u in units):
            metres += term.metres * (getattr(unit, term.unit) != want)
    return metres


def mix(z: int) -> int:
    z = (z + 0x9E3779B97F4A7C15) & WORD
    z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ z >> 27) * 0x94D049BB133111EB) & WORD
    return z ^ z >> 31


def lot(seed: str, child: int, unit: int, children: int) -> int:
    """Return a pair's lot, in whole numbers, as the documents tell it."""
    begin = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    both = mix(begin + child) ^ mix(mix(begin) + unit)
    return (((both * 0x9E3779B97F4A7C15) & WORD) >> 32) * ((1 << 23) // children) >> 32


def best(children: list[Seeker], units: list[Vacancy]) -> tuple[int, int]:
    """Return by trying everything: the fewest left without a place, then the least cost."""
    tried = []
    for choice in product([None, *units], repeat=len(children)):
        if all(sum(c is u for c in choice) <= u.places for u in units):
            walks = sum(weighted(c, u, units) for c, u in zip(children, choice, strict=True) if u)
            tried.append((choice.count(None), walks))
    return min(tried)
