"""The twin keeps the city's units as they were loaded."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

from stadi.kit.actor import SYSTEM
from stadi.twin import actions as twin
from stadi.twin.domain import Place

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)
ONE = Place(id=7, kind="preschool", name="A", area="1", language="sv", x=1, y=2, support=True)
TWO = Place(id=8, kind="preschool", name="B", area="2", language="fi", x=3, y=4)


@pytest.mark.django_db
def test_a_unit_comes_back_as_it_was_loaded_with_language_and_support() -> None:
    other = Place(id=9, kind="library", name="A", area="1", language="fi", x=0, y=0)
    twin.load(places=[TWO, other, ONE], by=SYSTEM, at=AT)
    assert twin.units(kind="preschool") == [ONE, TWO]
    assert twin.names([7, 9, 404]) == {7: "A", 9: "A"}


@pytest.mark.django_db
def test_a_unit_loaded_again_is_changed_and_not_doubled() -> None:
    twin.load(places=[ONE], by=SYSTEM, at=AT)
    changed = replace(ONE, support=False, language="fi")
    twin.load(places=[changed], by=SYSTEM, at=AT)
    assert twin.units(kind="preschool") == [changed]


@pytest.mark.django_db
def test_an_event_comes_back_with_its_moment_and_an_opportunity_with_its_hours() -> None:
    event = replace(ONE, kind="culture_event", starts=datetime(2027, 2, 3, 8, 0, tzinfo=UTC))
    chance = replace(TWO, kind="opportunity", hours=12)
    twin.load(places=[event, chance], by=SYSTEM, at=AT)
    assert twin.units(kind="culture_event") == [event]
    assert twin.units(kind="opportunity") == [chance]
    later = replace(event, starts=datetime(2027, 2, 4, 8, 0, tzinfo=UTC), hours=2)
    twin.load(places=[later], by=SYSTEM, at=AT)
    assert twin.units(kind="culture_event") == [later]


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [0, 169])
def test_a_week_holds_no_more_and_nothing_less_than_its_hours(hours: int) -> None:
    with pytest.raises(IntegrityError, match="a_week_has_168_hours"):
        twin.load(places=[replace(ONE, hours=hours)], by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_two_units_of_one_kind_never_share_a_name() -> None:
    with pytest.raises(IntegrityError, match="each_unit_has_its_own_name"):
        twin.load(places=[ONE, replace(TWO, name="A")], by=SYSTEM, at=AT)
