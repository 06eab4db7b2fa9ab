"""The measure of reach on a small city: who reads what, what is kept, and what people see."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from django.db import IntegrityError, connection
from django.test import Client

from stadi.consent import actions as consent
from stadi.consent.domain import PurposeUnknownError
from stadi.engine import sweep
from stadi.insight import actions as insight
from stadi.insight.models import Measure
from stadi.kit.actor import SYSTEM
from stadi.kit.rule import facts_in
from stadi.offers.actions import reading
from stadi.offers.actions.counting import Counted, counted
from stadi.offers.models import Case
from stadi.offers.plugins import plugins
from stadi.people import paavo
from stadi.record import actions as record

pytestmark = pytest.mark.django_db
MANAGER, RESIDENT = 21, 1


@pytest.fixture(scope="module", autouse=True)
def measured(city: dict[str, Any], django_db_blocker: Any) -> Iterator[datetime]:
    """The time at which the city was measured; every test sees that measure."""
    del city
    with django_db_blocker.unblock():
        at = record.now()
        consent.register(purpose=insight.PURPOSE, by=SYSTEM, at=at)
        insight.measure(by=SYSTEM, at=at)
        yield at


@pytest.fixture(scope="module")
def seen(measured: datetime, django_db_blocker: Any) -> pa.Table:
    """What the purpose of audit saw, outside of any test's transaction."""
    with (
        django_db_blocker.unblock(),
        consent.look(purpose=insight.PURPOSE, as_of=measured.date(), known_at=measured) as sight,
    ):
        return sweep.extract(sight).tables["subject"]


def _as(person: int) -> Client:
    client = Client()
    client.post("/en/sign-in", {"person": str(person)})
    return client


def _page(query: str = "", language: str = "en") -> str:
    page = _as(MANAGER).get(f"/{language}/insight/reach{query}")
    assert page.status_code == 200
    return str(page.content.decode())


def _rows(query: str) -> list[dict[str, str]]:
    answer = _as(MANAGER).get(f"/en/insight/reach.csv{query}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_inv_07_groups_are_read_by_the_purpose_of_audit_and_by_no_service():
    for made in plugins().values():
        assert made.service.purpose.id != insight.PURPOSE.id
        # an area orders the city's own hands, where a service says so, and decides of nobody
        by_area = made.service.oversight.by_area
        own = {fact.name for fact in made.service.purpose.uses if fact is not by_area}
        assert not {"people.area", "people.care_form"} & own
        assert not {"people.area", "people.care_form"} & {
            fact.name for rule in made.service.who for fact in facts_in(rule.condition)
        }
    looked = [purpose for purpose, _ in consent.looks(person=RESIDENT, at=record.now())]
    assert insight.PURPOSE.id in looked


def test_without_its_purpose_on_record_nothing_is_measured():
    from stadi.consent.models import Purpose  # noqa: PLC0415 - beside its use

    Purpose.objects.filter(id=insight.PURPOSE.id).delete()
    with pytest.raises(PurposeUnknownError):
        insight.measure(by=SYSTEM, at=record.now())


def test_inv_07_what_is_kept_holds_no_count_from_one_to_nine_of_any_group():
    for kept in Measure.objects.all():
        for table in kept.figures["tables"].values():
            for line in table:
                assert line["entitled"] is None or line["entitled"] not in range(1, 10)
                low, high = line["offered"] or (0, 10)
                assert high - low >= 9 or line["entitled"] == 0


def test_everyone_found_is_in_exactly_one_group_of_each_table(seen: pa.Table):
    cases = counted("preschool")
    assert len(cases) == reading.tally("preschool")["yes"]
    areas = insight._common(seen["area"])
    named = {"area": areas, "language": insight.LANGUAGES, "care": insight.CARE}
    for name, keys in named.items():
        groups = insight._groups(seen, name, keys, cases)
        assert sum(g.entitled for g in groups) == len(cases)
        assert sum(g.left for g in groups) == sum(not c.offered for c in cases)


def test_the_measure_counts_as_the_tally_does_also_an_offer_that_went_back_to_a_person():
    sent = Case.objects.filter(service="preschool", offer__expires_at__isnull=False)
    moved = sent.filter(state="fulfilled").order_by("id")[0]
    Case.objects.filter(id=moved.id).update(state="held", ended="", deadline=record.now())
    cases, counts = counted("preschool"), reading.tally("preschool")
    assert sum(c.offered for c in cases) == counts["offered"]
    assert len(cases) == counts["yes"]


def test_a_stranger_to_the_registers_counts_as_not_on_record(seen: pa.Table):
    stranger = Counted(subject=999_999_999, offered=False, metres=None, end="")
    groups = insight._groups(seen, "language", insight.LANGUAGES, [stranger])
    assert [g.key for g in groups if g.entitled] == [insight.REST]


def test_an_area_of_fewer_than_ten_people_is_never_named():
    areas = pa.chunked_array([["00100"] * 10 + ["00190"] * 9 + [None] * 20])
    assert insight._common(areas) == ("00100",)


def test_a_measure_takes_the_place_of_the_one_before_and_is_on_record(measured: datetime):
    assert Measure.objects.count() == len(plugins())
    with connection.cursor() as cursor:
        cursor.execute("select body from record_entry where kind = 'insight.measured'")
        bodies = [json.loads(b) if isinstance(b, str) else b for (b,) in cursor.fetchall()]
    assert {b["service"] for b in bodies} == set(plugins())
    found = insight.reach("preschool")
    assert found is not None
    assert found.at == measured


def test_the_page_says_that_everyone_is_offered_or_with_a_person_and_until_when():
    page = _page("?service=preschool")
    assert "Everyone is offered, or is with a person who has a deadline" in page
    assert "Nearest deadline" in page


def test_who_waits_without_a_person_is_told_as_left_out():
    held = Case.objects.filter(service="preschool", state="held").order_by("id")[0]
    Case.objects.filter(id=held.id).update(state="ready", deadline=None)
    page = _page("?service=preschool")
    assert "1 is neither offered nor with a person who has a deadline" in page
    assert "Everyone is offered" not in page


def test_nobody_is_with_a_person_who_has_no_deadline():
    with pytest.raises(IntegrityError, match="a_task_has_a_deadline"):
        Case.objects.filter(service="preschool", state="held").update(deadline=None)


def test_a_deadline_that_has_passed_is_told():
    held = Case.objects.filter(service="preschool", state="held")
    held.update(deadline=record.now().replace(year=2020))
    assert re.search(r"deadlines? ha(s|ve) passed", _page("?service=preschool"))


def test_the_map_has_a_list_that_says_the_same():
    page = _page("?service=preschool&by=area")
    drawing, table = page.partition("<svg viewBox")[2], page.partition('<table class="cards')[2]
    names = re.findall(r"<title>(\d{5} [^<:]+):", drawing)
    assert len(names) > 70
    for name in names:
        assert f'role="rowheader">{name}</th>' in table, name
    assert paavo.SOURCE in page


@pytest.mark.parametrize("by", ["language", "care"])
def test_a_table_of_no_places_has_no_map(by: str):
    page = _page(f"?service=preschool&by={by}")
    assert 'class="map"' not in page
    assert "The whole city" in page


@pytest.mark.parametrize("by", ["area", "language", "care"])
def test_the_download_is_the_table_of_the_page_with_its_total(by: str):
    page, rows = _page(f"?service=preschool&by={by}"), _rows(f"?service=preschool&by={by}")
    assert [row["group"] for row in rows].count("total") == 1
    shown = re.findall(r'role="rowheader">([^<]+)</th>', page)
    assert shown == [row["name"] for row in rows]
    whole = next(row for row in rows if row["group"] == "total")
    assert int(whole["entitled"]) == reading.tally("preschool")["yes"]


def test_inv_31_no_row_of_the_download_tells_of_a_few():
    for service in plugins():
        for by in ("area", "language", "care"):
            for row in _rows(f"?service={service}&by={by}")[1:]:
                assert row["entitled"] == "" or int(row["entitled"]) not in range(1, 10)
                if row["offered_least"] and row["entitled"] != "0":
                    assert int(row["offered_most"]) - int(row["offered_least"]) >= 9


@pytest.mark.parametrize("path", ["reach", "reach.csv"])
def test_a_service_or_table_that_is_not_there_is_told(path: str):
    client = _as(MANAGER)
    assert client.get(f"/en/insight/{path}?service=nothing").status_code == 404
    assert client.get(f"/en/insight/{path}?by=religion").status_code == 404


def test_before_the_first_measure_the_page_says_so_and_there_is_nothing_to_download():
    Measure.objects.all().delete()
    assert "has not been measured yet" in _page()
    assert _as(MANAGER).get("/en/insight/reach.csv").status_code == 404


def test_a_resident_downloads_nothing():
    assert _as(RESIDENT).get("/en/insight/reach.csv").status_code == 403


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_filter_stays_when_the_language_changes(language: str):
    page = _page("?service=preschool&by=care", language)
    assert "insight/reach?service=preschool&amp;by=care" in page


def test_the_page_asks_the_database_a_bounded_number_of_times(django_assert_max_num_queries: Any):
    client = _as(MANAGER)
    client.get("/en/insight/reach")
    with django_assert_max_num_queries(14):
        client.get("/en/insight/reach?service=preschool&by=area")
