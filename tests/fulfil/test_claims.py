"""Places are held all or none, never more than there are."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from stadi.fulfil import actions as fulfil
from stadi.fulfil.models import Capacity, Claim
from stadi.kit.actor import SYSTEM

AT = datetime(2027, 1, 15, 10, 0, tzinfo=UTC)


def set_places(**places: int) -> None:
    numbered = {int(k[1:]): n for k, n in places.items()}
    fulfil.set_capacity(places=numbered, term=2027, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_a_held_place_is_no_longer_free_and_a_released_one_is() -> None:
    set_places(u7=2)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 1}
    assert fulfil.places(term=2027, units=[7]) == 2
    fulfil.release(by={case: SYSTEM}, at=AT)
    fulfil.release(by={case: SYSTEM}, at=AT)
    assert fulfil.free(term=2027) == {7: 2}


@pytest.mark.django_db
def test_all_are_held_or_none() -> None:
    set_places(u7=1, u8=5)
    with pytest.raises(fulfil.FullError, match="unit 7; nothing was held"):
        fulfil.hold(wanted={uuid4(): 8, uuid4(): 7, uuid4(): 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 1, 8: 5}
    assert not Claim.objects.exists()


@pytest.mark.django_db
def test_a_unit_without_a_word_on_its_capacity_is_full() -> None:
    with pytest.raises(fulfil.FullError):
        fulfil.hold(wanted={uuid4(): 7}, term=2027, by=SYSTEM, at=AT)


@pytest.mark.django_db
def test_places_of_another_term_are_not_used() -> None:
    set_places(u7=1)
    with pytest.raises(fulfil.FullError):
        fulfil.hold(wanted={uuid4(): 7}, term=2028, by=SYSTEM, at=AT)
    assert fulfil.free(term=2028) == {}


@pytest.mark.django_db
def test_a_second_claim_of_a_case_is_refused_by_the_database() -> None:
    set_places(u7=2, u8=2)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    with pytest.raises(IntegrityError, match="a_case_holds_one_place_at_a_time"):
        fulfil.hold(wanted={case: 8}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 1, 8: 2}
    fulfil.release(by={case: SYSTEM}, at=AT)
    fulfil.hold(wanted={case: 8}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.free(term=2027) == {7: 2, 8: 1}


@pytest.mark.django_db
def test_a_claim_becomes_hard_and_soft_again_and_keeps_its_place() -> None:
    set_places(u7=1)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    fulfil.confirm(by={case: SYSTEM}, at=AT)
    assert fulfil.holding(cases=[case]) == {case: 7}
    fulfil.confirm(by={case: SYSTEM}, at=AT)
    assert fulfil.holding(cases=[case]) == {case: 7}
    assert Claim.objects.get(case=case).hold == "hard"
    fulfil.soften(by={case: SYSTEM}, at=AT)
    assert Claim.objects.get(case=case).hold == "soft"
    assert fulfil.free(term=2027) == {7: 0}


@pytest.mark.django_db
def test_a_released_place_cannot_be_confirmed_or_softened() -> None:
    set_places(u7=1)
    case = uuid4()
    fulfil.hold(wanted={case: 7}, term=2027, by=SYSTEM, at=AT)
    fulfil.release(by={case: SYSTEM}, at=AT)
    fulfil.soften(by={case: SYSTEM}, at=AT)
    with pytest.raises(fulfil.NoClaimError):
        fulfil.confirm(by={case: SYSTEM}, at=AT)
    assert Claim.objects.get(case=case).hold == "released"


@pytest.mark.django_db
def test_a_capacity_below_none_is_refused_by_the_database() -> None:
    with pytest.raises(IntegrityError, match="capacity_is_never_negative"), transaction.atomic():
        set_places(u7=-1)


@pytest.mark.django_db
def test_inv_23_more_claims_than_places_show_up_as_overfull() -> None:
    set_places(u7=2)
    fulfil.hold(wanted={uuid4(): 7, uuid4(): 7}, term=2027, by=SYSTEM, at=AT)
    assert fulfil.overfull() == []
    Capacity.objects.filter(unit=7).update(places=1)
    assert fulfil.overfull() == [7]


@pytest.mark.django_db
def test_capacity_never_falls_below_what_is_claimed() -> None:
    fulfil.set_capacity(places={1: 2}, term=2027, by=SYSTEM, at=AT)
    fulfil.hold(wanted={uuid4(): 1, uuid4(): 1}, term=2027, by=SYSTEM, at=AT)
    with pytest.raises(fulfil.FullError, match="unit 1 has 2 places claimed"):
        fulfil.set_capacity(places={1: 1}, term=2027, by=SYSTEM, at=AT)
    fulfil.set_capacity(places={1: 3}, term=2027, by=SYSTEM, at=AT)
