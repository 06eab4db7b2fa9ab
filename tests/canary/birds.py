"""Invented people whose every fact is one of a kind, so that a leak of any is seen."""

from pathlib import Path

GUARDIAN = 990_000
CANARIES = (
    *("Kanarialintu", "Keltasulka", "111111-9116", "1911-11-11", "2021-11-11"),
    *("386111", "6672222", "31337042", "CANARY-091", "keltakieli"),
    # as people would write the days
    *("11.11.1911", "11 November 1911", "11.11.2021", "11 November 2021"),
)
COLUMNS = (
    "register,subject,true_since,given_name,family_name,identity_code,birth_date,sex,household,"
    "municipality,area,home_x,home_y,language,safety_ban,form,unit,guardian,year,cents"
)


def birds(text: str) -> list[str]:
    """Return the canaries that a text holds."""
    return [canary for canary in CANARIES if canary in text]


def child_file(where: Path, n: int) -> Path:
    """Write the guardian and the nth child as a residents' file, and return it."""
    child = GUARDIAN + 1 + n
    rows = [
        {"register": "identity", "given_name": "Keltasulka", "family_name": "Kanarialintu"},
        {"register": "person", "birth_date": "2021-11-11", "sex": 1},
        {"register": "residence", "household": GUARDIAN, "municipality": "091", **HOME},
        {"register": "contact", "language": "fi", "safety_ban": "false"},
        {"register": "guardianship", "guardian": GUARDIAN},
    ]
    whole = [{"subject": child, **row} for row in rows]
    whole += [{"subject": GUARDIAN, **row} for row in THE_GUARDIAN]
    since = {"true_since": "2026-12-01"}
    named = COLUMNS.split(",")
    lines = [COLUMNS]
    for row in whole:
        full = row | ({} if row["register"] == "identity" else since)
        lines.append(",".join(str(full.get(name, "")) for name in named))
    file = where / f"birds_{n}.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


HOME = {"area": "00100", "home_x": 386111, "home_y": 6672222}
THE_GUARDIAN = [
    {
        "register": "identity",
        "given_name": "Keltasulka",
        "family_name": "Kanarialintu",
        "identity_code": "111111-9116",
    },
    {"register": "person", "birth_date": "1911-11-11", "sex": 2},
    {"register": "residence", "household": GUARDIAN, "municipality": "CANARY-091", **HOME},
    {"register": "contact", "language": "keltakieli", "safety_ban": "false"},
    {"register": "income", "year": 2026, "cents": ";".join(["31337042"] * 12)},
]
