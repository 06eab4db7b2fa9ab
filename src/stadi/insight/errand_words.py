"""What the codes of the city's errand register are called."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from stadi.insight.denominator import NONE

KINDS = {
    "type": (gettext_noop("By type"), gettext_noop("Type")),
    "channel": (gettext_noop("By channel"), gettext_noop("Channel")),
    "event": (gettext_noop("By life event"), gettext_noop("Life event")),
    "group": (gettext_noop("By target group"), gettext_noop("Target group")),
}
NAMES = {
    ("type", "APPLICATION"): gettext_noop("Application"),
    ("type", "NOTICE"): gettext_noop("Notification"),
    ("type", "APPOINTMENT"): gettext_noop("Appointment"),
    ("type", "PERMISSION"): gettext_noop("Permit"),
    ("type", "ORDERING"): gettext_noop("Order"),
    ("type", "ENROLLMENT"): gettext_noop("Enrolment"),
    ("type", "ADVICE"): gettext_noop("Advice"),
    ("type", "INFORMATION_SERVICE"): gettext_noop("Information service"),
    ("type", "COMMUNICATION"): gettext_noop("Getting in touch"),
    ("type", "ECOMMERCE"): gettext_noop("Online shop"),
    ("type", "OTHER_ESERVICE"): gettext_noop("Other online service"),
    ("channel", "ESERVICE"): gettext_noop("E-service"),
    ("channel", "PRINTABLE_FORM"): gettext_noop("Printable form"),
    ("channel", "WEBPAGE"): gettext_noop("Web page"),
    ("channel", "TELEPHONE"): gettext_noop("Telephone"),
    ("channel", "EMAIL"): gettext_noop("E-mail"),
    ("channel", "CHAT"): gettext_noop("Chat"),
    ("channel", "LOCAL"): gettext_noop("In person"),
    ("channel", "MAIL"): gettext_noop("By post"),
    ("channel", NONE): gettext_noop("No channel named"),
    ("group", "INDIVIDUALS"): gettext_noop("Individuals"),
    ("group", "CHILDREN_AND_FAMILIES"): gettext_noop("Children and families"),
    ("group", "YOUTH"): gettext_noop("Young people"),
    ("group", "ELDERLY_PEOPLE"): gettext_noop("Older people"),
    ("group", "DISABLED"): gettext_noop("Disabled people"),
    ("group", "IMMIGRANTS"): gettext_noop("Immigrants"),
    ("group", "ENTERPRISES"): gettext_noop("Companies"),
    ("group", "ASSOCIATIONS"): gettext_noop("Associations"),
    ("group", NONE): gettext_noop("No target group named"),
    ("event", "HAVING_CHILD"): gettext_noop("Having a child"),
    ("event", "ADOPTION"): gettext_noop("Adopting a child"),
    ("event", "DIVORCE"): gettext_noop("Divorce"),
    ("event", "BEGINNING_FULLTIME_STUDIES"): gettext_noop("Beginning to study"),
    ("event", "LOSING_JOB"): gettext_noop("Losing a job"),
    ("event", "BURDENED_BY_DEBT"): gettext_noop("Being in debt"),
    ("event", "BUILDING_HOME"): gettext_noop("Building a home"),
    ("event", "IMMIGRATING_TO_FINLAND"): gettext_noop("Moving to Finland"),
    ("event", "FALLING_SERIOUSLY_ILL"): gettext_noop("Falling seriously ill"),
    ("event", "REHABILITATION"): gettext_noop("Rehabilitation"),
    ("event", "GIVING_INFORMAL_CARE"): gettext_noop("Caring for somebody close"),
    ("event", "RETIREMENT"): gettext_noop("Retirement"),
    ("event", "DEATH_OF_CLOSE_FAMILY_MEMBER"): gettext_noop("Death of somebody close"),
    ("event", NONE): gettext_noop("No life event named"),
}


def code_name(by: str, code: str) -> str:
    """Return what a code is called in the language of the page."""
    return _(NAMES[by, code])
