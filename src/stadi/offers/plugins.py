"""Finds the services: folders of stadi.services and packages of the group `stadi.services`.

A folder holds service.py, texts.toml, cases.toml and README.md, and nothing else. What runs is the
text of service.py that was checked, never a compiled file beside it.
"""

import hashlib
import tomllib
from datetime import date
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from string import Formatter
from traceback import walk_tb
from typing import Any

from django.conf import settings

from stadi.engine.explain import Person, explain
from stadi.kit.declaring import faults
from stadi.kit.errors import StadiError
from stadi.kit.rule import Param, RuleError, facts_in, walk
from stadi.kit.service import Decide, Example, Plugin, Service
from stadi.kit.text import LANGUAGES, Text
from stadi.messages.channels import ChannelError, check_names

SPOKEN = (
    "law",
    "title",
    "tag",
    "offer_title",
    "offer_summary",
    "message_subject",
    "message_body",
    "human",
)
DECIDED = ("decision.title", "decision.body", "decision.appeal")
FILLED = ("child", "unit", "starts", "amount")
EMPTY = "__init__.py"
PARTS = ("service.py", "texts.toml", "cases.toml", "README.md")
# what a declaration in fit words may still do wrong: a name, a type, a number or a letter
BROKEN = (ImportError, AttributeError, TypeError, ArithmeticError, ValueError)


class PluginError(StadiError):
    """A service's folder cannot be used; the sentence names the file and the key."""


@cache
def plugins() -> dict[str, Plugin]:
    """Return every service that this installation knows, by id."""
    shipped = [point.value for point in entry_points(group="stadi.services")]
    found: dict[str, Plugin] = {}
    for package in [*settings.STADI_SERVICES, *shipped]:
        made = load(package)
        if made.service.id in found:
            message = f"{package}: another service is called {made.service.id!r}: change its id"
            raise PluginError(message)
        found[made.service.id] = made
    return found


def plugin(service: str) -> Plugin:
    """Return one service, or say which there are."""
    if service not in plugins():
        message = f"no service is called {service!r}; there are: {', '.join(sorted(plugins()))}"
        raise PluginError(message)
    return plugins()[service]


def load(package: str) -> Plugin:
    """Read and check a service's folder, by the name that it is imported by."""
    spec = find_spec(package)
    where = list(spec.submodule_search_locations or ()) if spec else []
    if not where:
        message = f"{package}: there is no such folder"
        raise PluginError(message)
    return read(Path(where[0]), package)


def read(folder: Path, package: str) -> Plugin:
    """Read and check a service's folder, wherever it lies; `package` is what errors call it."""
    _check_files(folder, package)
    service = _declared(folder, package)
    try:
        check_names(service.offer.channels)
    except ChannelError as error:
        raise PluginError(f"{package}/service.py: channels: {error}") from error
    texts = _texts(folder.joinpath("texts.toml"), package)
    needed = [*SPOKEN, *(f"because.{rule.because}" for rule in service.who), *_told(service)]
    needed += DECIDED if any(isinstance(step, Decide) for step in service.fulfil) else ()
    needed += [
        f"param.{node.name}"
        for amount in service.amounts
        for node in walk(amount.value)
        if isinstance(node, Param)
    ]
    needed += ("feedback",) if service.feedback else ()
    needed += [f"self_check.{number + 1}" for number in range(service.offer.self_check)]
    if silent := [key for key in needed if key not in texts]:
        message = f"{package}/texts.toml: {silent[0]} is missing"
        raise PluginError(message)
    examples = _examples(folder.joinpath("cases.toml"), package)
    if lacking := {"yes", "no", "unknown"} - {e.outcome for e in examples}:
        message = f"{package}/cases.toml: no example of {sorted(lacking)}"
        raise PluginError(message)
    digest = hashlib.sha256(b"\0".join(folder.joinpath(p).read_bytes() for p in PARTS)).hexdigest()
    readme = folder.joinpath("README.md").read_text("utf-8")
    made = Plugin(service=service, texts=texts, examples=examples, digest=digest, readme=readme)
    check_examples(made, package)
    return made


def _check_files(folder: Path, package: str) -> None:
    """Refuse a folder unless all files of a service are there and no others; runs none."""
    if missing := [name for name in (EMPTY, *PARTS) if not (folder / name).is_file()]:
        message = f"{package}: {missing[0]} is missing"
        raise PluginError(message)
    if (folder / EMPTY).read_bytes().strip():
        message = f"{package}/{EMPTY} must be empty: a service is declared in service.py alone"
        raise PluginError(message)
    hidden = ("__pycache__", ".")  # nobody means them, and nothing reads them
    strange = {f.name for f in folder.iterdir() if not f.name.startswith(hidden)}
    if more := sorted(strange - {EMPTY, *PARTS}):
        message = f"{package}/{more[0]} is no part of a service, which has only {', '.join(PARTS)}"
        raise PluginError(message)


def _declared(folder: Path, package: str) -> Service:
    """Run the service.py of a folder, once nothing in it is more than a declaration."""
    where = f"{package}/service.py"
    try:
        source = folder.joinpath("service.py").read_text("utf-8")
    except UnicodeDecodeError as error:
        message = f"{where} is not written in UTF-8: {error}"
        raise PluginError(message) from error
    for line, sentence in faults(source):
        message = f"{where}:{line}: {sentence}"
        raise PluginError(message)
    names: dict[str, Any] = {"__builtins__": {"__import__": __import__}}
    try:
        exec(compile(source, where, "exec"), names)  # noqa: S102 - checked above
    except (StadiError, *BROKEN) as error:
        lines = [n for f, n in walk_tb(error.__traceback__) if f.f_code.co_filename == where]
        message = f"{where}:{(lines or [1])[-1]}: {error}"
        raise PluginError(message) from error
    if not isinstance(names["SERVICE"], Service):
        message = f"{where}: SERVICE is no Service: write SERVICE = Service(...)"
        raise PluginError(message)
    return names["SERVICE"]


def _told(service: Service) -> list[str]:
    """Return the keys of the sentences on facts that no rule names but the purpose uses."""
    decided = {f.label.en for rule in service.who for f in facts_in(rule.condition)}
    rest = {f.label.en: f for f in service.purpose.uses if f.label.en not in decided}
    return [f"uses.{fact.column}" for fact in rest.values()]


def _toml(file: Path, package: str) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        message = f"{package}/{file.name}: {error}"
        raise PluginError(message) from error


def _texts(file: Path, package: str) -> dict[str, Text]:
    found = {}
    for key, words in _flat(_toml(file, package)):
        if missing := [lang for lang in LANGUAGES if not str(words.get(lang, "")).strip()]:
            message = f"{package}/texts.toml: {key} has no words in {missing[0]!r}"
            raise PluginError(message)
        for lang in LANGUAGES:
            if strange := _strange(str(words[lang])):
                message = f"{package}/texts.toml: {key} in {lang!r} {strange}"
                raise PluginError(message)
        found[key] = Text(fi=str(words["fi"]), sv=str(words["sv"]), en=str(words["en"]))
    return found


def _strange(words: str) -> str:
    """Return what is wrong with the {fields} of a text, "" where all will be filled."""
    try:
        fields = {name for _, name, _, _ in Formatter().parse(words) if name is not None}
    except ValueError as error:
        return f"has braces that do not fit: {error}"
    unknown = sorted(fields - set(FILLED))
    named = ", ".join(f"{{{field}}}" for field in FILLED)
    return f"has the field {{{unknown[0]}}}, which nothing fills: use {named}" if unknown else ""


def _flat(tree: dict[str, object], above: str = "") -> list[tuple[str, dict[str, object]]]:
    found = []
    for key, value in tree.items():
        name = f"{above}{key}"
        if not isinstance(value, dict):
            message = f"texts.toml: {name} is not a table of languages"
            raise PluginError(message)
        if set(value) & set(LANGUAGES):
            found.append((name, value))
        else:
            found += _flat(value, f"{name}.")
    return found


def _examples(file: Path, package: str) -> tuple[Example, ...]:
    try:
        rows = _toml(file, package)["case"]
        return tuple(
            Example(
                name=row["name"],
                as_of=str(row["as_of"]),
                outcome=row["outcome"],
                because=tuple(row.get("because", ())),
                facts=row.get("facts", {}),
            )
            for row in rows  # type: ignore[attr-defined]
        )
    except KeyError as error:
        message = f"{package}/cases.toml: a case lacks {error}"
        raise PluginError(message) from error


def example_person(example: Example) -> Person:
    """Return the person that an example describes; a list of tables is a relation's rows."""
    rows = {k: v for k, v in example.facts.items() if isinstance(v, list)}
    own = {k: v for k, v in example.facts.items() if not isinstance(v, list)}
    basis = str(own.pop("basis", "ok"))
    return Person(subject=1, basis=basis, facts=own, rows=rows)


def check_examples(made: Plugin, package: str) -> None:
    """Run a service's examples; the first that comes out otherwise is an error."""
    for example in made.examples:
        try:
            day = date.fromisoformat(example.as_of)
            answer = explain(made.service.who, example_person(example), as_of=day)
        except (RuleError, ValueError, TypeError) as error:
            message = f"{package}/cases.toml: {example.name!r}: {error}"
            raise PluginError(message) from error
        failed = tuple(r.because for r in answer.reasons if r.holds is not True)
        if answer.outcome != example.outcome or (example.because and failed != example.because):
            message = (
                f"{package}/cases.toml: {example.name!r} should be {example.outcome}"
                f" {example.because}, and comes out {answer.outcome} {failed}"
            )
            raise PluginError(message)
