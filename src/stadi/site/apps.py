"""Wires who hears of what, once, when the house opens."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The room that knows everyone."""

    name = "stadi.site"
    label = "site"

    def ready(self) -> None:
        """Wire the listeners that act inside the transaction."""
        from stadi.offers.actions import answers, clock, objecting  # noqa: PLC0415 - models first
        from stadi.record import actions as record  # noqa: PLC0415 - models first

        record.listen("messages.opened", answers.see_opened)
        record.listen("messages.undelivered", clock.hand_over)
        record.listen("consent.objected", objecting.withdraw_objected)
        for kind in clock.FOLLOWING:
            record.listen(kind, clock.go_on)
