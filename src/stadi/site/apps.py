"""Wires who hears of what, once, when the house opens."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The room that knows everyone."""

    name = "stadi.site"
    label = "site"

    def ready(self) -> None:
        """Wire the listeners that act inside the transaction."""
        from stadi.offers.actions.answers import see_opened  # noqa: PLC0415 - models first
        from stadi.offers.actions.cases import withdraw_objected  # noqa: PLC0415 - models first
        from stadi.record import actions as record  # noqa: PLC0415 - models first

        record.listen("messages.opened", see_opened)
        record.listen("consent.objected", withdraw_objected)
