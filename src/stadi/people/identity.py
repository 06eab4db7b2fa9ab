"""Personal identity codes for invented people, from the range 900-999 only."""

from datetime import date
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stadi.people.sampling import rank_in

Codes: TypeAlias = NDArray[np.bytes_]
Dates: TypeAlias = NDArray[np.datetime64]

MAN: Final = 1
WOMAN: Final = 2
_SERIALS: Final = (900, 999)
_CHECK: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"


def identity_code(birth: date, serial: int, sex: Literal[1, 2]) -> str:
    """Return a personal identity code of the range 900-999, which is not given to living people.

    The separator tells the century (+ 1800s, - 1900s, A 2000s); an odd serial is a man's, an
    even one a woman's. A day holds 100 codes, so more people born on one day share them.
    """
    centuries = {18: "+", 19: "-", 20: "A"}
    if birth.year // 100 not in centuries:
        message = f"no separator is known for the year {birth.year}"
        raise ValueError(message)
    if not _SERIALS[0] <= serial <= _SERIALS[1]:
        message = f"the serial {serial} is outside 900-999 and may be a living person's"
        raise ValueError(message)
    if serial % 2 != sex % 2:
        message = f"the serial {serial} is not one of sex {sex}: odd serials are men's"
        raise ValueError(message)
    digits = f"{birth:%d%m%y}{serial}"
    return f"{digits[:6]}{centuries[birth.year // 100]}{serial}{_CHECK[int(digits) % 31]}"


def identity_codes(born: Dates, sex: NDArray[np.int8]) -> Codes:
    """Return an identity code per birth date, serials taken in turn within each day and sex."""
    days = born.astype("datetime64[D]").astype(np.int64)
    group = (days - days.min(initial=0)) * 2 + sex % 2
    order = np.argsort(group, kind="stable")
    turn = np.empty(len(born), dtype=np.int64)
    turn[order] = rank_in(group[order], groups=int(group.max(initial=0)) + 1)
    serial = _SERIALS[0] + turn % 50 * 2 + sex % 2
    months = born.astype("datetime64[M]")
    year = born.astype("datetime64[Y]").astype(np.int64) + 1970
    day = days - months.astype("datetime64[D]").astype(np.int64) + 1
    head = day * 10_000 + (months.astype(np.int64) % 12 + 1) * 100 + year % 100
    text = np.empty((len(born), 11), dtype=np.uint8)
    for place in range(6):
        text[:, place] = head // 10 ** (5 - place) % 10 + ord("0")
    text[:, 6] = np.array([ord(mark) for mark in "+-A"])[year // 100 - 18]
    for place in range(3):
        text[:, 7 + place] = serial // 10 ** (2 - place) % 10 + ord("0")
    text[:, 10] = np.array([ord(mark) for mark in _CHECK])[(head * 1_000 + serial) % 31]
    return text.view("S11")[:, 0]
