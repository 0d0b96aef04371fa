"""Brings people in, a batch a transaction.

An import may be stopped at any moment, by a killed machine too, and run again: what
is done is recognised by its ids and told as known. A batch is looked up, planned and
written in one transaction; where a sign-in came first, the batch starts over. Memory
stays the same however long the file is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from wxlogin.accounts.models import Identity, SiteUser, UnionId, User
from wxlogin.accounts.owners import lock
from wxlogin.db import ATTEMPTS, StartOver, reading, take_stock, transaction
from wxlogin.errors import AccountGone, Unready
from wxlogin.transfer.facts import Memory, look, mark_of, memory
from wxlogin.transfer.inserts import Customers, write
from wxlogin.transfer.lines import Line
from wxlogin.transfer.plan import Plan, plan
from wxlogin.transfer.record import Outcome, Record, Result

BATCH = 1000
# The database takes stock whenever so many times more batches are in.
GROWTH = 4


@dataclass(frozen=True)
class Import:
    """How people are brought in. `dry_run`: decide everything and write nothing.
    `trusted`: the file is believed like WeChat itself."""

    customers: Customers | None = None
    trusted: bool = True
    dry_run: bool = False
    batch: int = BATCH


@dataclass(frozen=True)
class _Entry:
    """A record on its line, with what stands for its ids in the memory."""

    line: int
    record: Record
    digests: dict[bytes, str]


def import_people(lines: Iterable[Line], how: Import) -> Iterator[list[Result]]:
    """The results of all lines, a list for each batch once it is committed.

    Raises Unready where the database does not answer; what was yielded before stays.
    """
    rest = iter(lines)
    grown = 1
    with memory() as seen:
        for number in count(1):
            part = list(islice(rest, how.batch))
            if not part:
                return
            yield _import(part, how, seen)
            if number == grown and not how.dry_run:
                take_stock(User, Identity, UnionId, SiteUser)
                grown *= GROWTH


def _import(lines: Sequence[Line], how: Import, seen: Memory) -> list[Result]:
    refused = [
        Result(line.number, Outcome.refused, line.refusal)
        for line in lines
        if line.record is None
    ]
    entries, duplicates = _told_apart(lines, seen)
    done = _run(entries, how, seen)
    notes = [(digest, one.line) for one in entries for digest in one.digests]
    notes += [
        (_user_mark(one.uid), one.line)
        for one in done
        if one.uid and one.outcome in (Outcome.known, Outcome.linked)
    ]
    seen.note(notes)
    return sorted([*refused, *duplicates, *done], key=lambda result: result.line)


def _told_apart(
    lines: Sequence[Line], seen: Memory
) -> tuple[list[_Entry], list[Result]]:
    """The lines with new ids, and those that share an id with an earlier line."""
    entries = [_entry(line.number, line.record) for line in lines if line.record]
    earlier = seen.lines({digest for one in entries for digest in one.digests})
    kept, duplicates = [], []
    for one in entries:
        shared = next((d for d in one.digests if d in earlier), None)
        if shared is None:
            kept.append(one)
            earlier.update(dict.fromkeys(one.digests, one.line))
        else:
            duplicates.append(_duplicate(one, one.digests[shared], earlier[shared]))
    return kept, duplicates


def _entry(line: int, record: Record) -> _Entry:
    digests = {mark_of(*one): _words(*one) for one in record.ids()}
    return _Entry(line, record, digests)


def _words(kind: str, place: str, _: str) -> str:
    if kind == "number":
        return "the external_id, with other zeros in front,"
    return f"the {kind} of {place}" if place else f"the {kind}"


def _duplicate(entry: _Entry, what: str, line: int) -> Result:
    return Result(
        entry.line,
        Outcome.duplicate,
        f"{what} is on line {line} already",
        external_id=entry.record.external_id,
        earlier_line=line,
    )


def _user_mark(uid: str) -> bytes:
    return mark_of("user", uid)


def _run(entries: Sequence[_Entry], how: Import, seen: Memory) -> list[Result]:
    if not entries:
        return []
    if how.dry_run:
        return _decide_only(entries, how, seen)
    return transaction(lambda session: _carry_out(session, entries, how, seen))


def _carry_out(
    session: Session, entries: Sequence[_Entry], how: Import, seen: Memory
) -> list[Result]:
    results, work = _decide(session, entries, how, seen)
    gaining = {plan.owner.id for _, _, plan in work if plan.owner}
    if gaining:
        # Whoever relies on an owner holds the owner's lock, and looks again.
        _lock(session, gaining)
        results, work = _decide(session, entries, how, seen)
        if {plan.owner.id for _, _, plan in work if plan.owner} != gaining:
            raise StartOver
    pairs = [(entry.record, plan) for _, entry, plan in work]
    try:
        uids = write(session, pairs, how.customers)
    except IntegrityError:
        # A sign-in made the same person between the look and the write.
        raise StartOver from None
    for (place, _, _), uid in zip(work, uids, strict=True):
        results[place] = replace(results[place], uid=uid)
    return results


def _lock(session: Session, user_ids: set[int]) -> None:
    try:
        lock(session, user_ids)
    except AccountGone:
        raise StartOver from None


def _decide_only(entries: Sequence[_Entry], how: Import, seen: Memory) -> list[Result]:
    """What would become of the lines; asked again where somebody is just merging."""
    for _ in range(ATTEMPTS):
        try:
            with reading() as session:
                return _decide(session, entries, how, seen)[0]
        except StartOver:
            continue
    raise Unready("too many others write the same rows")


def _decide(
    session: Session, entries: Sequence[_Entry], how: Import, seen: Memory
) -> tuple[list[Result], list[tuple[int, _Entry, Plan]]]:
    """The results, and what is to be written: place in the results, entry, plan."""
    client_id = how.customers.client_id if how.customers else None
    facts = look(session, [one.record for one in entries], client_id)
    plans = [
        plan(one.record, facts, with_site=client_id is not None, trusted=how.trusted)
        for one in entries
    ]
    uids = [plan.owner.uid for plan in plans if plan.owner]
    earlier = seen.lines([_user_mark(uid) for uid in uids])
    results, work = [], []
    for entry, one in zip(entries, plans, strict=True):
        owner = _user_mark(one.owner.uid) if one.owner else b""
        if owner in earlier:
            # Other ids, and yet the same user: nothing but the database told so.
            results.append(_duplicate(entry, "the user", earlier[owner]))
            continue
        if owner and one.outcome.taken:
            earlier[owner] = entry.line
        if one.outcome in (Outcome.new, Outcome.linked):
            work.append((len(results), entry, one))
        results.append(_result(entry, one))
    return results, work


def _result(entry: _Entry, plan: Plan) -> Result:
    return Result(
        entry.line,
        plan.outcome,
        plan.reason,
        uid=plan.owner.uid if plan.owner else None,
        external_id=entry.record.external_id,
        picture_elsewhere=entry.record.picture_elsewhere and plan.outcome.taken,
    )
