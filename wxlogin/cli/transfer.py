"""`wxlogin import` and `wxlogin export`: people from a site's own login table, and out.

What is printed names lines, users of ours and a site's external ids, never ids of
WeChat's; the log has counts only.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

import click
from flask.cli import with_appcontext

from wxlogin.cli.files import STANDARD, private
from wxlogin.cli.sites import site_named
from wxlogin.cli.tally import Progress, Tally
from wxlogin.config import Settings
from wxlogin.db import now
from wxlogin.flows.avatars import fetchable
from wxlogin.observability import get_logger
from wxlogin.service import running
from wxlogin.sites.terms import policy_for
from wxlogin.transfer import (
    Format,
    Import,
    Unusable,
    export_people,
    import_people,
    read_file,
)
from wxlogin.transfer.grammar import Records
from wxlogin.transfer.inserts import Customers
from wxlogin.transfer.record import Result

_FORMAT = click.Choice([shape.value for shape in Format])
_BELIEVED = (
    "This file is believed like WeChat itself: whoever wrote it says which openid is "
    "which person (docs/import-export.md)."
)
# Excel takes a CSV file for UTF-8 only if it begins so.
_BOM = "\ufeff"


@click.command(
    "import",
    help="Bring people in from FILE (- for standard input): JSON lines, or CSV with a "
    "header. May be stopped and run again. Ends with 1 if a line was not taken.",
)
@click.argument("file")
@click.option("--site", help="Whose customers they are: a site's client_id or name.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--format", "shape", type=_FORMAT, help="If the name does not tell.")
@click.option("--report", metavar="FILE", help="Write every line's outcome to FILE.")
@click.option(
    "--open-platform",
    "platforms",
    multiple=True,
    metavar="NAME",
    help="Take unionids of this one although no app is bound to it any more.",
)
@click.option(
    "--trust",
    is_flag=True,
    help="With --site: believe the file like WeChat itself. By default it changes no "
    "openid or unionid of anybody who is here.",
)
@click.option(
    "--as-is",
    is_flag=True,
    help="Take external ids that look like a spreadsheet's work, or like none.",
)
@with_appcontext
def import_command(**options: Any) -> None:
    order = _Order(**options)
    settings = running().settings
    customers = _customers(settings, order.site)
    trusted = order.trust or customers is None
    if trusted:
        click.echo(_BELIEVED, err=True)
    records = Records(
        apps=settings.apps,
        at=now(),
        with_site=bool(customers),
        trusted=trusted,
        as_is=order.as_is,
        platforms=order.platforms,
        picture=partial(fetchable, settings),
    )
    how = Import(customers, trusted=trusted, dry_run=order.dry_run)
    tally = _read(order, records, how)
    get_logger().info("people imported", dry_run=how.dry_run, **tally.counts())
    tally.tell(dry_run=how.dry_run)
    sys.exit(0 if tally.all_taken else 1)


@dataclass(frozen=True)
class _Order:
    """The argument and the options of an import."""

    file: str
    site: str | None
    dry_run: bool
    shape: str | None
    report: str | None
    platforms: tuple[str, ...]
    trust: bool
    as_is: bool


def _read(order: _Order, records: Records, how: Import) -> Tally:
    with ExitStack() as stack:
        source, size = stack.enter_context(_source(order.file))
        report = stack.enter_context(private(order.report)) if order.report else None
        progress = Progress(size, source)
        try:
            people = read_file(source, _shape(order.file, order.shape), records)
            tally = _run(import_people(people, how), report, progress)
            tally.aside = people.aside
        except Unusable as error:
            raise click.UsageError(str(error)) from None
        finally:
            progress.clear()
    return tally


def _run(
    batches: Iterator[list[Result]], written: TextIO | None, progress: Progress
) -> Tally:
    tally = Tally()
    for batch in batches:
        for result in batch:
            tally.add(result)
            if written is not None:
                written.write(_report_line(result))
        progress.show(tally.total)
    return tally


def _report_line(result: Result) -> str:
    told = {
        "line": result.line,
        "outcome": result.outcome.value,
        "reason": result.reason,
        "uid": result.uid,
        "external_id": result.external_id,
        "earlier_line": result.earlier_line,
        "picture_elsewhere": result.picture_elsewhere or None,
    }
    told = {name: value for name, value in told.items() if value not in (None, "")}
    return json.dumps(told, ensure_ascii=False) + "\n"


@click.command(
    "export",
    help="Write all people to FILE (standard output without one, or with -), in the "
    "form an import takes.",
)
@click.argument("file", default=STANDARD)
@click.option("--site", help="Only those this site knows, with its external ids.")
@click.option("--format", "shape", type=_FORMAT, help="If the name does not tell.")
@click.option(
    "--excel",
    is_flag=True,
    help="A CSV table that begins with a byte order mark, so that Excel reads names.",
)
@with_appcontext
def export_command(file: str, site: str | None, shape: str | None, excel: bool) -> None:
    settings = running().settings
    client_id = site_named(settings, site).client_id if site else None
    if excel:
        shape = shape or Format.csv.value
    form = _shape(file, shape or (Format.jsonl.value if file == STANDARD else None))
    if excel and form is not Format.csv:
        raise click.UsageError("--excel is for CSV: say --format csv")
    progress = Progress()
    done = 0
    with private(file) as target:
        if excel:
            target.write(_BOM)
        pages = export_people(target, form, settings.apps, client_id=client_id)
        for done in pages:
            progress.show(done)
    progress.clear()
    get_logger().info("people exported", people=done)
    click.echo(f"{done} people exported.", err=True)


def _customers(settings: Settings, site: str | None) -> Customers | None:
    if site is None:
        return None
    client_id = cast(str, site_named(settings, site).client_id)
    # They are the site's customers: its terms of today were settled there.
    return Customers(client_id, policy_for(client_id).version or None)


def _shape(file: str, shape: str | None) -> Format:
    if shape is not None:
        return Format(shape)
    suffix = Path(file).suffix.lower().lstrip(".")
    found = {"csv": Format.csv, "jsonl": Format.jsonl, "ndjson": Format.jsonl}
    if suffix not in found:
        raise click.UsageError("say --format jsonl or --format csv")
    return found[suffix]


@contextmanager
def _source(file: str) -> Iterator[tuple[BinaryIO, int | None]]:
    """The file to read, and its size where it has one."""
    if file == STANDARD:
        yield sys.stdin.buffer, None
        return
    try:
        opened = open(file, "rb")
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}") from None
    with opened:
        yield opened, os.fstat(opened.fileno()).st_size or None
