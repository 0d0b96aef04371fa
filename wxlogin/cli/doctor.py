"""`wxlogin doctor`: is this set-up right, and if not, what is to be done?"""

import sys

import click

from wxlogin.cli.printing import json_option, plain, print_json
from wxlogin.doctor import Finding, Level, examine
from wxlogin.doctor.rid import explain, is_rid

_COLOURS = {
    Level.ok: "green",
    Level.note: None,
    Level.warning: "yellow",
    Level.wrong: "red",
}


@click.command(
    "doctor",
    help="Check settings, database, Redis, clock, WeChat and each app's secret; says "
    "what to do and which page of Tencent's console to open. Changes nothing. Ends "
    "with status 1 where something is wrong, 0 otherwise.",
)
@json_option
@click.option(
    "--rid",
    metavar="RID",
    help="Ask WeChat what a refusal was about, by the rid of a log line of the last "
    "week, and check nothing else.",
)
def doctor(as_json: bool, rid: str | None) -> None:
    if rid is not None and not is_rid(rid):
        raise click.BadParameter(
            "a rid is three times eight hexadecimal digits: 658cff8e-7783352d-44cb33e5",
            param_hint="--rid",
        )
    found = explain(rid) if rid else examine()
    (_print_json if as_json else print_lines)(found)
    sys.exit(1 if is_wrong(found) else 0)


def is_wrong(found: list[Finding]) -> bool:
    """Is there something to mend before people can sign in?"""
    return any(one.level is Level.wrong for one in found)


def _print_json(found: list[Finding]) -> None:
    findings = [one.as_json() for one in found]
    print_json({"ok": not is_wrong(found), "findings": findings})


def print_lines(found: list[Finding]) -> None:
    """A line for each finding, and how many there are of each level."""
    for one in found:
        line = plain(one.line())
        word, rest = line[: len(one.level)], line[len(one.level) :]
        click.echo(click.style(word, fg=_COLOURS[one.level], bold=True) + rest)
    count = {level: sum(one.level is level for one in found) for level in Level}
    warnings = "warning" if count[Level.warning] == 1 else "warnings"
    click.echo(
        f"\n{count[Level.ok]} ok, {count[Level.note]} not checked, "
        f"{count[Level.warning]} {warnings}, {count[Level.wrong]} wrong."
    )
