"""What each version of a service promised; a case keeps the terms it was opened under."""

from dataclasses import asdict
from functools import cache

from stadi.kit.service import Assign, Choice, Grants, Lapses, Service, ToAPerson
from stadi.offers.domain import Terms, VersionError
from stadi.offers.models import Version

SILENCES: dict[type, str] = {ToAPerson: "person", Lapses: "lapse", Grants: "grant"}


def promised(service: Service) -> Terms:
    """Return the terms that a service as it runs now promises."""
    offer, oversight = service.offer, service.oversight
    return Terms(
        level=service.level,
        silence=SILENCES[type(offer.silence)],
        open_days=offer.open_days,
        undo_hours=offer.undo_hours,
        remind_days=offer.remind_days,
        queue_days=oversight.queue_days,
        contest_days=oversight.contest_days,
        keep_days=oversight.keep_days,
        wait_days=service.propose.wait_days if isinstance(service.propose, Assign) else 0,
        choosing=isinstance(service.propose, Choice),
        feedback_days=service.feedback.after_days if service.feedback else None,
        channels=offer.channels,
    )


def keep(service: Service) -> None:
    """Keep the terms of a version before its first case; other terms need another version."""
    told = {**asdict(promised(service)), "channels": list(service.offer.channels)}
    row, new = Version.objects.get_or_create(
        service=service.id, version=service.version, defaults={"terms": told}
    )
    if new:
        terms.cache_clear()
    if row.terms != told:
        message = (
            f"service {service.id}: version {service.version} promised other terms to its cases:"
            " give the changed service another version"
        )
        raise VersionError(message)


def kept() -> list[tuple[str, str]]:
    """Return every service and version that has had cases."""
    return list(Version.objects.order_by("id").values_list("service", "version"))


@cache
def terms(service: str, version: str) -> Terms:
    """Return what a version of a service promised."""
    told = Version.objects.values_list("terms", flat=True).get(service=service, version=version)
    return Terms(**{**told, "channels": tuple(told["channels"])})
