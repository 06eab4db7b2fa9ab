"""The file of the errand register: what is read, and what is refused with its place and field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import errand_file
from stadi.catalogue.domain import TYPES, Channel, Words
from stadi.catalogue.importing import FileError, fetch, read

REAL = Path(__file__).parents[3] / "shared/data/services/helsinki_errandservices_20250927.json"


def _read(value: Any) -> Any:
    return read(json.dumps(value, ensure_ascii=False).encode(), name="errands.json")


def test_an_errand_is_read_in_every_language_that_it_is_told_in():
    found = _read(errand_file.errands())
    assert list(found) == [101, 102, 103]
    assert found[101].words.say("sv")[1].name == "Ansök till förskoleundervisning"
    assert (found[101].type, found[101].service) == ("APPLICATION", 7)
    assert found[101].life_events == ("HAVING_CHILD",)
    assert [channel.type for channel in found[102].channels] == ["EMAIL", "PRINTABLE_FORM"]


def test_where_a_language_is_lacking_the_first_there_is_answers_and_says_which():
    errand = _read(errand_file.errands())[103]
    assert errand.words.sv is None
    assert errand.words.say("sv") == (
        "fi",
        Words(name="Kysy neuvoa", description="Kysy neuvoa: kuvaus"),
    )


def test_a_channel_told_in_two_languages_is_one_channel():
    value = errand_file.errands()
    value[0]["sv"]["channels"] = [{"id": 9, "type": "CHAT"}]
    assert _read(value)[101].channels == (
        Channel(id=9, type="CHAT", languages=("sv",)),
        Channel(id=1010, type="ESERVICE", languages=("fi", "en")),
    )


def test_names_are_one_line_without_what_cannot_be_seen():
    value = errand_file.errands()
    value[0]["fi"]["name"] = " Hae\u00a0 esi\u00adopetukseen\u202f\n\u200b"
    assert _read(value)[101].words.fi.name == "Hae esiopetukseen"


@pytest.mark.parametrize(
    "line",
    [
        "Lisätiedot: Tarkastaja Testinen, testinen@example.org.",
        "Tarkastaja Testinen, puh. 09 310 0000",
        "Tarkastaja Testinen p. (09) 310 00000",
        "Tarkastaja Testinen, +358 9 000 0000",
        "Tarkastaja Testinen, tel: 0100",
    ],
)
def test_a_line_that_says_how_to_reach_somebody_is_not_kept(line: str):
    value = errand_file.errands()
    value[0]["fi"]["description"] = f"Hae ajoissa.\n\n{line}\nVuosi 2024-2025, PL 10, 00099."
    assert _read(value)[101].words.fi.description == "Hae ajoissa.\nVuosi 2024-2025, PL 10, 00099."


def _set(*path: Any) -> Callable[[list[Any]], None]:
    *way, last, value = path

    def spoil(errands: list[Any]) -> None:
        held: Any = errands
        for step in way:
            held = held[step]
        held[last] = value

    return spoil


def _drop(*path: Any) -> Callable[[list[Any]], None]:
    *way, last = path

    def spoil(errands: list[Any]) -> None:
        held: Any = errands
        for step in way:
            held = held[step]
        del held[last]

    return spoil


SPOILT = (
    (_set(1, 7), "row 2 is not an object"),
    (_set(1, "id", "102"), "row 2, id is not a whole number above zero"),
    (_set(1, "id", True), "row 2, id is not a whole number above zero"),
    (_set(1, "id", 0), "row 2, errand 0, id is not a whole number above zero"),
    (_set(1, "id", 2**63), f"row 2, errand {2**63}, id is not a whole number above zero"),
    (_drop(1, "id"), "row 2, id is missing"),
    (_set(1, "sv", "id", 7), "row 2, errand 102, sv.id is another than 102"),
    (_set(1, errand_file.errands()[0]), "errand 101, id stands 2 times"),
    (_drop(1, "sv"), "row 2, errand 102, sv is missing: an empty list says"),
    (_set(1, "sv", None), "row 2, errand 102, sv is neither an object nor an empty list"),
    (_set(2, "fi", []), "row 3, errand 103, words are in none of fi, sv, en"),
    (_drop(1, "sv", "name"), "row 2, errand 102, sv.name is missing"),
    (_set(1, "sv", "name", " \u200b\n"), "row 2, errand 102, sv.name is empty"),
    (_set(1, "sv", "name", 7), "row 2, errand 102, sv.name is not a text"),
    (_set(1, "sv", "name", "a\x00b"), "row 2, errand 102, sv.name holds a character"),
    (_set(1, "sv", "description", ["a"]), "row 2, errand 102, sv.description is not a text"),
    (_set(1, "en", "description", "a\ud800"), "row 2, errand 102, en.description holds a"),
    (_set(1, "fi", "type", "WISH"), "row 2, errand 102, fi.type is none of APPLICATION, NOTICE"),
    (_set(1, "fi", "type", ["NOTICE"]), "row 2, errand 102, fi.type is none of"),
    (_drop(1, "fi", "type"), "row 2, errand 102, fi.type is missing"),
    (_set(1, "en", "type", "NOTICE"), "row 2, errand 102, en.type is another than fi.type"),
    (_set(1, "en", "service_id", 8), "row 2, errand 102, en.service_id is another than fi."),
    (_set(1, "en", "service_id", "8"), "row 2, errand 102, en.service_id is not a whole number"),
    (_set(1, "en", "target_groups", []), "en.target_groups is another than fi.target_groups"),
    (_set(1, "fi", "target_groups", "YOUTH"), "errand 102, fi.target_groups is not a list"),
    (_set(1, "fi", "target_groups", ["CATS"]), "fi.target_groups (1) is none of INDIVIDUALS"),
    (_drop(1, "fi", "life_events"), "row 2, errand 102, fi.life_events is missing"),
    (_set(1, "fi", "life_events", [{}]), "row 2, errand 102, fi.life_events (1) is none of"),
    (_set(1, "fi", "channels", {}), "row 2, errand 102, fi.channels is not a list of objects"),
    (_set(1, "fi", "channels", [1]), "row 2, errand 102, fi.channels is not a list of objects"),
    (_set(1, "fi", "channels", 0, "type", "OWL"), "fi.channels (1) type is none of ESERVICE"),
    (_set(1, "fi", "channels", 1, "id", None), "fi.channels (2) id is not a whole number"),
    (_set(1, "sv", "channels", [{"id": 5, "type": "CHAT"}]), "gives channel 5 another type"),
)


@pytest.mark.parametrize(("spoil", "told"), SPOILT, ids=[told for _spoil, told in SPOILT])
def test_a_wrong_field_refuses_the_file_and_is_named(spoil: Callable[[list[Any]], None], told: str):
    value = json.loads(json.dumps(errand_file.errands()))
    spoil(value)
    with pytest.raises(FileError) as refused:
        read(json.dumps(value).encode(), name="errands.json")
    assert str(refused.value).startswith("errands.json: ")
    assert told in str(refused.value)
    assert str(refused.value).endswith("; nothing was imported")


WHOLE = json.dumps(errand_file.errands()).encode()


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (WHOLE[: len(WHOLE) // 2], "ends too early, in line 1"),
        (WHOLE[:-1], "ends too early, in line 1"),
        (b'[{"id": 1, "fi": {"na', "ends too early, in line 1"),
        (b'[\n{"id": 1} {}]', "line 2, column 11 is not JSON"),
        (b"errands", "line 1, column 1 is not JSON"),
        (b"\xff\xfe", "byte 1 is not UTF-8"),
        (b"{}", "is not a list of errands"),
        (b"null", "is not a list of errands"),
        (b"[]", "holds no errand"),
        (b'[{"id": 1, "id": 2}]', "an object names the field 'id' twice"),
        (b"[" * 100_000, "objects too deep"),
        (b"[" + b"1" * 5_000 + b"]", "a number too long"),
    ],
)
def test_what_is_no_list_of_errands_is_refused(raw: bytes, told: str):
    with pytest.raises(FileError, match=r"^errands\.json: ") as refused:
        read(raw, name="errands.json")
    assert told in str(refused.value)


def test_at_most_twenty_faults_are_told_and_the_rest_counted():
    with pytest.raises(FileError, match="row 20 is not an object; and 5 more; nothing"):
        _read(list(range(25)))


def test_a_mark_of_byte_order_does_no_harm():
    assert list(read(b"\xef\xbb\xbf" + WHOLE, name="x")) == [101, 102, 103]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(FileError, match=r"^nosuch\.json: No such file"):
        fetch(tmp_path / "nosuch.json")
    with pytest.raises(FileError, match=": Is a directory"):
        fetch(tmp_path)


@pytest.mark.skipif(not REAL.exists(), reason="the real file is not here")
def test_the_real_file_is_read_whole_and_names_nobody():
    found = read(fetch(REAL), name=REAL.name)
    assert len(found) == 478
    assert sum(errand.type == "APPLICATION" for errand in found.values()) == 106
    assert {errand.type for errand in found.values()} <= set(TYPES)
    told = [words for errand in found.values() for _code, words in errand.words.every() if words]
    assert sum(errand.words.sv is None for errand in found.values()) == 75
    assert sum(errand.words.en is None for errand in found.values()) == 80
    assert not any("@" in words.name + words.description for words in told)
    # 5300 lists who takes orders by telephone, 4285 an inspector: the lines, not the errands, go
    assert found[5300].words.fi.description.endswith("Tilaa koelaskenta")
    assert found[4285].words.fi.description == ""
