"""The closed lists of words that pages use: states, steps, reasons, refusals."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from stadi.kit.errors import StadiError
from stadi.kit.rule import Fact

SOURCES = {
    "placement": gettext_noop("register of places"),
    "demo city (invented)": gettext_noop("demo city (invented)"),
    "official": gettext_noop("put right by an official"),
    "stadi.fulfil": gettext_noop("register of places"),
}
# how a state looks, what its tag says, and what it means to whoever was asked
STATES = {
    "accepted": ("good", gettext_noop("You said yes"), ""),
    "fulfilled": ("good", gettext_noop("Done"), gettext_noop("It is arranged.")),
    "declined": ("calm", gettext_noop("You said no"), gettext_noop("You said no.")),
    "expired": (
        "calm",
        gettext_noop("The time ran out"),
        gettext_noop("The time ran out. A person will contact you."),
    ),
    "objected": (
        "calm",
        gettext_noop("Stopped"),
        gettext_noop("The service was stopped. We no longer look at these facts for it."),
    ),
    "withdrawn": (
        "calm",
        gettext_noop("Taken back by the city"),
        gettext_noop("The city took this back."),
    ),
    "held": (
        "calm",
        gettext_noop("With a person"),
        gettext_noop("A person looks at this and will contact you. You need to do nothing."),
    ),
    "contested": (
        "calm",
        gettext_noop("Looked at again"),
        gettext_noop(
            "Somebody said that this is not right. Another official looks at it, and until then"
            " nothing changes."
        ),
    ),
    "corrected": (
        "good",
        gettext_noop("Corrected"),
        gettext_noop("It was not right, and it is corrected. A person prepares a new proposal."),
    ),
    "undelivered": (
        "calm",
        gettext_noop("With a person"),
        gettext_noop("Our message did not reach you. A person finds another way."),
    ),
    "settled": (
        "calm",
        gettext_noop("Settled with a person"),
        gettext_noop("A person settled this in another way than by this proposal."),
    ),
    "unanswered": (
        "calm",
        gettext_noop("Nobody answered you"),
        gettext_noop(
            "We are sorry: nobody at the city answered in time. You may apply in the ordinary way,"
            " and you may say that this is not right."
        ),
    ),
}
# what a state means where the general words would not be right: what was offered, what silence is
MEANT = {
    "fulfilled.place": gettext_noop("The place is yours."),
    "fulfilled.moment": gettext_noop("It is booked for you."),
    "fulfilled.money": gettext_noop("It is paid every month from now on, until something changes."),
    "expired.lapse": gettext_noop("The time ran out. Nothing follows from it."),
    "expired.grant": gettext_noop(
        "The time to refuse is over. It is being granted, and you need to do nothing."
    ),
}
GRANTED = gettext_noop("Granted")
BY_OTHER = {
    "accepted": gettext_noop("The other guardian said yes"),
    "declined": gettext_noop("The other guardian said no"),
}
# why the city took something back
WITHDRAWN = {
    "left_the_city": gettext_noop("The register says that the child no longer lives in the city."),
    "by_the_city": gettext_noop(
        "An official found that it should not have been proposed. We are sorry."
    ),
    "objection": gettext_noop("The service was stopped for this child."),
}
# the same, told to whom it is about
WITHDRAWN_OWN = {
    **WITHDRAWN,
    "left_the_city": gettext_noop("The register says that you no longer live in the city."),
    "objection": gettext_noop("The service was stopped for you."),
}
# what registers write in codes
SPOKEN = {
    "fi": gettext_noop("Finnish"),
    "sv": gettext_noop("Swedish"),
    "en": gettext_noop("English"),
    "": gettext_noop("not on record: written to in all three"),
}
# the closed lists that registers hold, as people say them, by fact
CODES: dict[str, dict[str, str]] = {
    "people.care_form": {
        "municipal": gettext_noop("in municipal care"),
        "private": gettext_noop("in private care"),
        "home": gettext_noop("at home"),
    },
    "people.tenure": {
        "owned": gettext_noop("owned"),
        "rented": gettext_noop("rented"),
        "right_of_occupancy": gettext_noop("right of occupancy"),
    },
    "people.contact_language": {
        key: said for key, said in SPOKEN.items() if key in ("fi", "sv", "en")
    },
    "people.diagnosis_code": {"I10": gettext_noop("high blood pressure (I10)")},
    "people.measurement_kind": {"blood_pressure": gettext_noop("blood pressure")},
}
KINDS = {
    "held": gettext_noop("Held"),
    "unclear": gettext_noop("Unclear"),
    "contested": gettext_noop("Contested"),
    "expired": gettext_noop("No answer"),
}
# why a case waits for a person
REASONS = {
    "a_person_decides": gettext_noop("A person must look before anything is sent."),
    "no_home_point": gettext_noop("The home point is missing from the register."),
    "no_free_place": gettext_noop("No free place was found."),
    "late_change": gettext_noop("The register changed after the offer was sent."),
    "place_lost": gettext_noop("The place is no longer held: find another."),
    "reviewed_first": gettext_noop("A professional sees it first and decides."),
    "no_answer": gettext_noop("No answer came in time: ask how they would like it."),
    "answers_differ": gettext_noop("The answers differ: talk with everyone who answered."),
    "asked_for_a_person": gettext_noop("They asked for a person: contact them."),
    "after_correction": gettext_noop("An earlier case was corrected: make a new proposal."),
    "fulfilment_failed": gettext_noop("Carrying it out failed, and what was done is undone."),
    "not_signed": gettext_noop("The decision was not signed in time, and it is undone."),
    "not_reached": gettext_noop("No message reached them: find another way."),
    "stuck": gettext_noop("It stood still for a day: find out why."),
    "contested": gettext_noop("Somebody says that it is not right."),
    "upheld": gettext_noop("It was contested and found right: go on from there."),
    "contest_unanswered": gettext_noop("It was contested, and nobody answered in time."),
    "": gettext_noop("A fact is missing from the register."),
}
LEVELS = (gettext_noop("In the queue"), gettext_noop("With the owner"))
OWN_PROFESSIONAL = gettext_noop("With its own professional")
WITH_YOU = gettext_noop("With you")
# what an official may say the case is opened for; anything else is written out
OPENING = {
    "queue": gettext_noop("It is my turn to work on it"),
    "contact": gettext_noop("Somebody asked about it"),
    "sign": gettext_noop("I sign its decision"),
    "check": gettext_noop("I check how it was done"),
}
WAYS = {
    "phone": gettext_noop("by phone"),
    "visit": gettext_noop("on a visit"),
    "paper": gettext_noop("on paper"),
}
SAYS = {
    "accept": gettext_noop("Yes"),
    "choose": gettext_noop("Yes to another one"),
    "decline": gettext_noop("No"),
    "ask": gettext_noop("Wants to talk with a person"),
    "object": gettext_noop("Stop this service"),
}
CASE_STATES = {
    "candidate": gettext_noop("found, not yet proposed"),
    "ready": gettext_noop("ready to be proposed"),
    "proposed": gettext_noop("proposed, not yet sent"),
    "held": gettext_noop("held for a person"),
    "unclear": gettext_noop("unclear: a fact is missing"),
    "contested": gettext_noop("contested"),
    "offered": gettext_noop("offered"),
    "seen": gettext_noop("offered and seen"),
    "undelivered": gettext_noop("offered, and reached nobody"),
    "accepted": gettext_noop("accepted, may still be undone"),
    "countered": gettext_noop("one of those shown was chosen"),
    "fulfilling": gettext_noop("being carried out"),
    "failed": gettext_noop("failed, and undone"),
    "declined": gettext_noop("declined"),
    "objected": gettext_noop("stopped by an objection"),
    "expired": gettext_noop("not answered in time"),
    "withdrawn": gettext_noop("taken back"),
    "fulfilled": gettext_noop("carried out"),
    "corrected": gettext_noop("corrected by a new case"),
    "measured": gettext_noop("carried out and counted"),
    "closed": gettext_noop("closed"),
}
# what happened in a case, as its timeline tells it
EVENTS = {
    "step.screen": gettext_noop("The rules found the case"),
    "step.ready": gettext_noop("Made ready"),
    "step.hold": gettext_noop("Given to a person"),
    "step.propose": gettext_noop("A proposal was made"),
    "step.offer": gettext_noop("The proposal was sent"),
    "step.see": gettext_noop("The proposal was opened"),
    "step.undeliver": gettext_noop("The message reached nobody"),
    "step.accept": gettext_noop("Said yes"),
    "step.grant": gettext_noop("Granted: nobody refused it in time"),
    "step.oppose": gettext_noop("Refused what was granted"),
    "step.counter": gettext_noop("Chose one of those shown"),
    "step.agree": gettext_noop("Said yes to the one that was chosen"),
    "step.decline": gettext_noop("Said no"),
    "step.ask": gettext_noop("Asked for a person"),
    "step.disagree": gettext_noop("Did not agree with the answer"),
    "step.object": gettext_noop("Stopped the service"),
    "step.expire": gettext_noop("The time to answer ran out"),
    "step.undo": gettext_noop("Took the yes back"),
    "step.withdraw": gettext_noop("Taken back"),
    "step.begin": gettext_noop("Carrying out began"),
    "step.fulfil": gettext_noop("Carried out"),
    "step.fail": gettext_noop("Carrying out failed"),
    "step.stop": gettext_noop("Carrying out was stopped"),
    "step.close": gettext_noop("Closed"),
    "step.lapse": gettext_noop("Closed: nobody at the city answered in time"),
    "step.contest": gettext_noop("Said that it is not right"),
    "step.uphold": gettext_noop("Found right as it was"),
    "step.correct": gettext_noop("Corrected: a new case was opened"),
    "step.measure": gettext_noop("Counted"),
    "step.file": gettext_noop("Filed"),
    "step.erase": gettext_noop("Erased"),
    "note.note": gettext_noop("Note"),
    "note.decision": gettext_noop("Reason of the decision"),
    "note.verdict": gettext_noop("Reason of the decision on what was contested"),
    "note.contest": gettext_noop("What was said to be wrong"),
    "note.lowered": gettext_noop("Reason of the smaller amount"),
    "note.self_check": gettext_noop("What was shared of the self-check"),
    "note.mended": gettext_noop("A fact of the register was put right"),
    "note.phone": gettext_noop("Answered by phone"),
    "note.visit": gettext_noop("Answered on a visit"),
    "note.paper": gettext_noop("Answered on paper"),
    "opened": gettext_noop("An official opened the case"),
    "sent": gettext_noop("A message was sent"),
    "offers.escalated": gettext_noop("Given to the owner of the service"),
    "offers.reopened": gettext_noop("Opened anew after a correction"),
    "fulfil.held": gettext_noop("A place was held"),
    "fulfil.softened": gettext_noop("The place is held, but may be freed again"),
    "fulfil.confirmed": gettext_noop("The place was kept for good"),
    "fulfil.released": gettext_noop("The place was freed"),
    "fulfil.begun": gettext_noop("Work began"),
    "fulfil.place_done": gettext_noop("The place was written into the register"),
    "fulfil.place_undone": gettext_noop("The place was taken out of the register"),
    "fulfil.decide_done": gettext_noop("The decision was made"),
    "fulfil.decide_undone": gettext_noop("The decision was annulled"),
    "fulfil.notify_done": gettext_noop("The unit was told"),
    "fulfil.pay_done": gettext_noop("The amount is paid every month"),
    "fulfil.pay_undone": gettext_noop("Paying was ended"),
    "fulfil.notify_undone": gettext_noop("The unit was told not to expect them"),
    "fulfil.signed": gettext_noop("The decision was signed"),
    "fulfil.finished": gettext_noop("Everything is done"),
    "fulfil.failed": gettext_noop("A step failed, and all was undone"),
    "fulfil.stopped": gettext_noop("Stopped, and all was undone"),
    "fulfil.undone": gettext_noop("Undone"),
    "fulfil.step_failed": gettext_noop("A step failed and is tried again"),
    "fulfil.stuck": gettext_noop("Undoing keeps failing: somebody must look"),
    "fulfil.turned": gettext_noop("Undoing began"),
    "fulfil.raised": gettext_noop("A larger amount follows from the next month on"),
    "fulfil.to_review": gettext_noop("The amount may be too large: a person decides"),
    "fulfil.lowered": gettext_noop("A smaller amount follows from the next month on"),
    "fulfil.left": gettext_noop("The amount stays as it is"),
}
# what actions say when they refuse; the same sentence is the message to translate
REFUSALS = (
    gettext_noop("this offer is no longer open"),
    gettext_noop("this service was stopped for this person"),
    gettext_noop("no longer in the register of residents"),
    gettext_noop("this place is no longer held"),
    gettext_noop("this answer can no longer be taken back"),
    gettext_noop("the time to contest this is over"),
    gettext_noop("another official must decide what this one decided before"),
    gettext_noop("this place is not among those that were shown"),
    gettext_noop("this place is not among those that are free"),
    gettext_noop("say how and why the answer reached you"),
    gettext_noop("write a reason: somebody will read it later"),
    gettext_noop("this is too long: write at most 4000 characters"),
    gettext_noop("this fact is not missing in this case: look at it again"),
    gettext_noop("this offer was made to somebody else"),
    gettext_noop("the offer is open, or nobody was reminded of it yet"),
    gettext_noop("the time for a change of mind still runs"),
    gettext_noop("this task can still be answered"),
    gettext_noop("this question was asked of somebody else"),
    gettext_noop("there is no proposal to take back: close the case, or decide what is contested"),
    gettext_noop("a name or a title is a line of 100 letters at most; nothing was signed"),
    gettext_noop("only a held case about somebody who lives here can be offered by a person"),
    gettext_noop("this case is not unclear any more"),
    gettext_noop("only an official may do this"),
    gettext_noop("nobody is on record who could answer: arrange it with the family, and close it"),
    gettext_noop("this case waits for its own professional: until the deadline it is theirs alone"),
    gettext_noop("this service only tells: apply in the ordinary way"),
    gettext_noop("choose one of what is shown"),
    gettext_noop("this can no longer be refused"),
    gettext_noop("what this award comes to now is not known: mend the register first"),
    gettext_noop("this award waits for nobody: it was decided, or the facts changed again"),
    gettext_noop("nothing is shared before you say that it may be: tick the box above the button"),
    gettext_noop("tick at least one sentence; nothing was shared"),
    gettext_noop("it may not be sent now: the service was stopped, or enough was sent this month"),
    gettext_noop("no free place is left: raise a unit's capacity, or close the case"),
    gettext_noop("nobody is on record who could tell: mend the register instead"),
    gettext_noop("this question has been answered"),
    gettext_noop("only an official signs decisions; nothing was signed"),
    gettext_noop("a signature needs a name and a title; nothing was signed"),
    gettext_noop("choose at least one decision; nothing was signed"),
)
FIT = {
    "date": gettext_noop("Give a day that has been, such as 2021-05-05."),
    "int": gettext_noop("Write a whole number."),
    "bool": gettext_noop("Choose yes or no."),
    "text": gettext_noop("Write 1 to 200 characters."),
    "cents": gettext_noop("Write an amount in euros, such as 690 or 690.50."),
}
SIGNERS = {
    "head-of-service": gettext_noop("head of service"),
    "head-of-housing": gettext_noop("head of housing"),
}


def spoken(table: dict[str, str], key: str) -> str:
    """Return the words of a key in the reader's language; a key without any stands for itself."""
    words = table.get(key, key)
    return _(words) if words else ""


def refused(error: StadiError) -> str:
    """Return why something was refused."""
    return why_not(str(error))


def why_not(sentence: str) -> str:
    """Return an action's refusal as people read it; one that no list knows is told as it is."""
    if moved := re.fullmatch(r"a case that is (\w+) cannot \w+", sentence):
        state = spoken(CASE_STATES, moved[1])
        return _("this cannot be done with a case in this state: %(state)s") % {"state": state}
    if re.fullmatch(r"a \w+ may not \w+ a case", sentence):
        return _("only an official may do this")
    return _(sentence) if sentence in REFUSALS else sentence


def fit(fact: Fact) -> str:
    """Return what an answer about a fact must look like."""
    return spoken(FIT, "cents" if fact.unit == "cents" else fact.type)


def plain(text: str, unit: str) -> str:
    """Return what somebody wrote as registers write it: euros as cents, "" where it is no money."""
    if unit != "cents":
        return text
    euros = text.strip().removesuffix("€").replace("\N{NO-BREAK SPACE}", "").replace(" ", "")
    found = re.fullmatch(r"([0-9]{1,9})(?:[.,]([0-9]{2}))?", euros)
    return f"{found[1]}{found[2] or '00'}" if found else ""


def field(text: str, unit: str) -> str:
    """Return what registers write as people write it into a field: cents as euros."""
    return f"{text[:-2] or '0'}.{text[-2:]:0>2}" if unit == "cents" and text.isdecimal() else text


def month_pattern() -> str:
    """Return how the reader's language writes a month."""
    return pgettext("date pattern: month and year", "F Y")


def day_pattern() -> str:
    """Return how the reader's language writes a day."""
    return pgettext("date pattern: day, month and year", "j F Y")
