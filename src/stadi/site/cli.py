"""The command line: up, down, demo, doctor, clock, import, screen, try, audit, why, reach, new.

Only the standard library is imported here, so that `stadi doctor` runs when nothing else does.
Exit codes: 0 done, 1 refused or failed with a sentence, 2 the command was misspelt.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNITS = {"d": "days", "h": "hours", "m": "minutes"}
DEFAULT_RESIDENTS = 652_681  # the whole city of the built-in figures
DEFAULT_SEED = 2027
MOST_PORTS = 65_535
MOST_MONTHS = 120
LONGEST = timedelta(days=3_660)


def span(text: str) -> timedelta:
    """Return the time that `14d`, `3h` or `30m` means."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in UNITS:
        message = f"{text!r} is no time: write 14d, 3h or 30m"
        raise argparse.ArgumentTypeError(message)
    if len(number) > len("999999") or (meant := timedelta(**{UNITS[unit]: int(number)})) > LONGEST:
        message = f"{text!r} is too far: at most {LONGEST.days}d at once"
        raise argparse.ArgumentTypeError(message)
    return meant


def count(text: str) -> int:
    """Return a whole number above zero."""
    if not text.isdecimal() or int(text) < 1:
        message = f"{text!r} is not a whole number above zero"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def months(text: str) -> int:
    """Return a number of months, 1 to 120."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_MONTHS:
        message = f"{text!r} is no number of months: write one from 1 to {MOST_MONTHS}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def port(text: str) -> int:
    """Return a port number, 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PORTS:
        message = f"{text!r} is no port: write a number from 1 to {MOST_PORTS}"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def seed(text: str) -> int:
    """Return a seed, a whole number from 0 on."""
    if not text.isdecimal():
        message = f"{text!r} is no seed: write a whole number from 0 on"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    top = argparse.ArgumentParser(
        prog="stadi", description="A city that offers before anyone asks."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, words: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(run=globals().get(f"_{name}"))
        if name != "up":
            made.add_argument("--json", action="store_true", help="answer in JSON")
        return made

    def city(made: argparse.ArgumentParser) -> None:
        made.add_argument("--residents", type=count, default=DEFAULT_RESIDENTS, metavar="N")
        made.add_argument("--seed", type=seed, default=DEFAULT_SEED, metavar="S")

    up = add("up", "start everything, draw the demo city if there is none, and serve the portal")
    city(up)
    up.add_argument("--port", type=port, default=8000)
    add("down", "stop the database that `up` started")
    city(add("demo", "draw the demo city anew, run the whole loop and print its report"))
    add("doctor", "say in plain words what is missing or wrong")
    clock = add("clock", "show the city's time, or move a demo city's time forward")
    clock.add_argument("act", choices=("show", "advance"))
    clock.add_argument("step", nargs="?", type=span, help="such as 14d, 3h or 30m")
    load = add(
        "import",
        "paavo: draw the demo city from a statistics file; residents: load register rows;"
        " errands: take over the city's register of errands",
    )
    load.add_argument("format", choices=("paavo", "residents", "errands"))
    load.add_argument("file", type=Path)
    city(load)
    screen = add(
        "screen", "run a service's rules over everyone and print the counts; changes nothing"
    )
    screen.add_argument("service")
    trial = add(
        "try",
        "run a service, or the draft of one, over everyone without a case: whom it finds, why,"
        " who gains and who loses",
    )
    trial.add_argument("service", help="a service's id, or the folder of a draft")
    trial.add_argument("--out", type=Path, metavar="FILE.html", help="write a page with a map too")
    audit = add("audit", "count whom a service should have found in the past months and did not")
    audit.add_argument("service")
    audit.add_argument("--months", type=months, default=12, metavar="N")
    why = add("why", "say what a service answers for one resident, and why")
    why.add_argument("resident", type=int)
    why.add_argument("--service", default="preschool")
    why.add_argument("--language", choices=("fi", "sv", "en"), default="en")
    add("reach", "print how far each service reaches")
    new = add("new", "write the folder of a new service, which passes as it is")
    new.add_argument("what", choices=("service",))
    new.add_argument("name")
    new.add_argument("--into", type=Path, default=Path("services"), metavar="FOLDER")
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = parser().parse_args(argv)
    if arguments.command == "doctor":
        from stadi.site import doctor

        return doctor.main(["--json"] if arguments.json else [])
    try:
        from stadi.site.postgres.errors import PostgresError
    except ImportError as error:
        _say(f"stadi: {error}; run `make up`, or `stadi doctor` to see what is missing")
        return 1
    from stadi.kit.errors import StadiError

    try:
        code: int = arguments.run(arguments)
    except (StadiError, PostgresError) as error:
        _say(f"stadi: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def _print(arguments: argparse.Namespace, value: Any, words: Callable[[], str]) -> int:
    print(json.dumps(value, default=str, ensure_ascii=False) if arguments.json else words())
    return 0


def _home() -> Path:
    root = Path(__file__).parents[3]
    return Path(os.environ.get("STADI_HOME", root / ".stadi"))


def _down(arguments: argparse.Namespace) -> int:
    from stadi.site.postgres import launcher

    stopped = launcher.down(_home())
    words = "the database is stopped" if stopped else "no database was running"
    return _print(arguments, {"stopped": stopped}, lambda: words)


def _drawn(arguments: argparse.Namespace) -> Any:
    """Draw the city before anything is opened: what cannot be drawn must cost nothing."""
    from stadi.site import figures

    return figures.draw_city(
        residents=arguments.residents, seed=arguments.seed, areas=figures.areas(_home())
    )


def _demo(arguments: argparse.Namespace) -> int:
    from stadi.site import house

    drawn = _drawn(arguments)
    with house.drawing(_home()):
        from stadi.site import demo

        report = demo.build(drawn)
        return _print(arguments, report, lambda: demo.words(report))


def _up(arguments: argparse.Namespace) -> int:
    from stadi.site import house
    from stadi.site.postgres import launcher

    house.check_port(arguments.port)
    drawn = _drawn(arguments)
    with house.opening(_home()) as finished:
        if not finished:
            from stadi.site import demo

            print(demo.words(demo.build(drawn)))
    with house.serving():
        code = house.serve(arguments.port)
    launcher.down(_home())
    return code


def _import(arguments: argparse.Namespace) -> int:
    if arguments.format == "residents":
        return _import_residents(arguments)
    if arguments.format == "errands":
        return _import_errands(arguments)
    from stadi.site import figures

    figures.take_areas(arguments.file, _home())
    return _demo(arguments)


def _import_residents(arguments: argparse.Namespace) -> int:
    from stadi.site import house

    house.open_city(_home())
    taken = house.take_residents(arguments.file)
    words = (
        "{new} rows new, {corrected} corrected, {unchanged} unchanged;"
        " the rules were asked again about {residents} residents and {around} around them"
    )
    return _print(arguments, taken, lambda: words.format(**taken))


def _import_errands(arguments: argparse.Namespace) -> int:
    from stadi.site import house

    house.open_city(_home())
    from stadi.site import errands

    taken = errands.take(arguments.file)
    return _print(arguments, taken, lambda: errands.words(taken))


def _clock(arguments: argparse.Namespace) -> int:
    from stadi.site import house

    if (arguments.act == "advance") != (arguments.step is not None):
        _say("stadi: write `stadi clock show`, or say how far: `stadi clock advance 14d`")
        return 2
    house.open_city(_home())
    now = house.advance(arguments.step) if arguments.act == "advance" else house.local_now()
    return _print(
        arguments, {"now": now.isoformat()}, lambda: f"{now:%A %d %B %Y, %H:%M} ({now.tzinfo})"
    )


def _open_city() -> Any:
    """Open the finished city and return what may be asked of it."""
    from stadi.site import house

    house.open_city(_home())
    from stadi.site import ask

    return ask


def _screen(arguments: argparse.Namespace) -> int:
    ask = _open_city()
    manifest = ask.screen(arguments.service)
    return _print(arguments, manifest, lambda: ask.screen_words(manifest))


def _try(arguments: argparse.Namespace) -> int:
    from signal import SIGTERM, default_int_handler, signal

    _open_city()
    from stadi.site import trial

    # ended like by Ctrl-C, so that the trial's wall falls
    signal(SIGTERM, default_int_handler)
    found = trial.run(arguments.service, out=arguments.out)
    return _print(arguments, found, lambda: trial.words(found))


def _audit(arguments: argparse.Namespace) -> int:
    _open_city()
    from stadi.site import audit

    found = audit.run(arguments.service, arguments.months)
    return _print(arguments, found, lambda: audit.words(found))


def _why(arguments: argparse.Namespace) -> int:
    ask = _open_city()
    answer = ask.why(arguments.resident, arguments.service, arguments.language)
    return _print(arguments, answer, lambda: ask.why_words(answer, arguments.language))


def _reach(arguments: argparse.Namespace) -> int:
    ask = _open_city()
    found = ask.reach()
    return _print(arguments, found, lambda: ask.reach_words(found))


def _new(arguments: argparse.Namespace) -> int:
    from stadi.site import scaffold, shelf
    from stadi.site.city import read_city

    named = os.environ.get("STADI_SERVICES", "")
    made = scaffold.write(
        name=arguments.name,
        into=arguments.into,
        taken={package.rpartition(".")[2] for package in shelf.packages(named)},
        municipality=read_city().municipality,
    )
    where = str(arguments.into.absolute())
    known = os.pathsep.join(dict.fromkeys([*filter(None, named.split(os.pathsep)), where]))
    words = f"{made} is written and passes as it is. To make it known to every command:\n"
    found = {"service": arguments.name, "folder": str(made), "STADI_SERVICES": known}
    return _print(arguments, found, lambda: f"{words}  export STADI_SERVICES={known}")


if __name__ == "__main__":
    sys.exit(main())
