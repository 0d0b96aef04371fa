"""What becomes of one record, given what the database knows.

An openid, unionid or external id that has a user joins the record to that user. An
import never merges: ids of two users on one line are a conflict, and so is whatever
a sign-in would find contradictory (docs/accounts.md). A user who is there keeps name,
picture, state and groups.

A site's own file is no proof of who somebody is. Whoever gains an openid or unionid by
it could be entered through that, at every site; so it may say which of the people here
are the site's customers, by ids that are all theirs already, and nothing else about
them (finding M3).
"""

from dataclasses import dataclass

from wxlogin.db import StartOver
from wxlogin.transfer.facts import Facts, Owner
from wxlogin.transfer.record import Alias, Outcome, Record


@dataclass(frozen=True)
class Plan:
    """What is to be written for a record; nothing, unless it is new or linked."""

    outcome: Outcome
    reason: str = ""
    #: The user who gains it; None for one that is made.
    owner: Owner | None = None
    openids: tuple[Alias, ...] = ()
    #: Rows of identities that learn their unionid.
    learn: tuple[tuple[int, Alias], ...] = ()
    unionids: tuple[tuple[str, str], ...] = ()
    former_uids: tuple[str, ...] = ()
    #: The site gets to know the user.
    joins: bool = False
    #: The site's row that gets the external id.
    named_row: int | None = None
    #: The site's row that gets the groups.
    grouped_row: int | None = None


class _Contradiction(Exception):
    pass


_SITES_WORD = (
    "somebody who is here already would gain an openid or unionid by a site's word; if "
    "the file can be believed like WeChat itself, say --trust"
)


def plan(
    record: Record, facts: Facts, *, with_site: bool, trusted: bool = True
) -> Plan:
    """What becomes of `record`, by the `facts` that were looked up for it.

    `with_site`: its user becomes the site's customer. `trusted`: the file is believed
    like WeChat itself. Raises StartOver where an owner has gone meanwhile.
    """
    named = facts.owners_of(record)
    owner = None
    try:
        _require_never_deleted(record, facts)
        if not named:
            return _make(record, facts, with_site=with_site)
        if not trusted and len(named) > 1:
            raise _Contradiction("the line's ids belong to several users")
        owner = _only_owner(named, facts)
        found = _join(record, owner, facts, with_site=with_site)
    except _Contradiction as contradiction:
        if not trusted:
            # A site does not learn whom we know.
            return Plan(Outcome.conflict, _without_uid(str(contradiction), owner))
        return Plan(Outcome.conflict, str(contradiction), owner)
    if not trusted and (found.openids or found.learn or found.unionids):
        return Plan(Outcome.conflict, _SITES_WORD)
    if found.outcome is Outcome.linked and owner.disabled:
        return Plan(Outcome.conflict, f"user {owner.uid} is disabled", owner)
    return found


def _without_uid(text: str, owner: Owner | None) -> str:
    return text.replace(f"user {owner.uid}", "its user") if owner else text


def _require_never_deleted(record: Record, facts: Facts) -> None:
    for uid in (record.uid, *record.former_uids):
        if uid in facts.deleted:
            raise _Contradiction(
                f"the user of the uid {uid} was deleted, and nobody inherits one"
            )


def _make(record: Record, facts: Facts, *, with_site: bool) -> Plan:
    for uid in (record.uid, *record.former_uids):
        if uid in facts.uids:
            raise _Contradiction(f"the uid {uid} is another user's")
    for _, external_id in record.former_external_ids:
        if external_id in facts.external_ids:
            raise _Contradiction("a former external_id is another user's")
    return Plan(
        Outcome.new,
        openids=record.openids,
        unionids=record.unionids,
        former_uids=record.former_uids,
        joins=with_site,
    )


def _only_owner(named: dict[int, str], facts: Facts) -> Owner:
    owners = []
    for user_id, by in named.items():
        owner = facts.owners.get(user_id)
        if owner is None:
            raise StartOver
        owners.append((owner, by))
    if len(owners) > 1:
        (one, by), (other, other_by) = owners[:2]
        raise _Contradiction(
            f"{by} belongs to user {one.uid}, {other_by} to user {other.uid}"
        )
    return owners[0][0]


def _join(record: Record, owner: Owner, facts: Facts, *, with_site: bool) -> Plan:
    former_uids = _former_uids(record, owner, facts)
    openids, learn = _openids(record, facts)
    unionids = tuple(one for one in record.unionids if one not in facts.unionids)
    joins, named_row = _customer(record, owner, facts, with_site=with_site)
    grouped_row = _grouped_row(record, owner, facts)
    rows = joins or named_row or grouped_row
    gains = openids or learn or unionids or former_uids or rows
    return Plan(
        Outcome.linked if gains else Outcome.known,
        owner=owner,
        openids=openids,
        learn=learn,
        unionids=unionids,
        former_uids=former_uids,
        joins=joins,
        named_row=named_row,
        grouped_row=grouped_row,
    )


def _former_uids(record: Record, owner: Owner, facts: Facts) -> tuple[str, ...]:
    """Those that nobody has; the others must lead to the owner, and so must `uid`."""
    for uid in (record.uid, *record.former_uids):
        if uid is not None and facts.uids.get(uid, owner.id) != owner.id:
            raise _Contradiction(f"the uid {uid} is another user's")
    if record.uid is not None and record.uid not in facts.uids:
        raise _Contradiction(f"the line's user is there with the uid {owner.uid}")
    return tuple(uid for uid in record.former_uids if uid not in facts.uids)


def _openids(
    record: Record, facts: Facts
) -> tuple[tuple[Alias, ...], tuple[tuple[int, Alias], ...]]:
    new, learn = [], []
    for alias in record.openids:
        known = facts.openids.get(alias.key)
        if known is not None and _recorded(alias, facts) == alias.unionid:
            continue
        if known is not None and alias.unionid is None:
            # The file knows less than we do.
            continue
        _require_free(alias, facts)
        if known is None:
            new.append(alias)
        else:
            learn.append((known.id, alias))
    return tuple(new), tuple(learn)


def _recorded(alias: Alias, facts: Facts) -> str | None:
    """The unionid on record for the openid, in its app's open platform of today."""
    known = facts.openids[alias.key]
    return known.unionid if known.open_platform == alias.app.open_platform else None


def _require_free(alias: Alias, facts: Facts) -> None:
    """Rows "any V another" and "U - -" of the table in docs/accounts.md."""
    name = alias.app.name
    if alias.key in facts.openids and _recorded(alias, facts) is not None:
        raise _Contradiction(f"the openid of {name} is known with another unionid")
    if alias.unionid is None or alias.open_platform is None:
        return
    key = (alias.app.appid, alias.open_platform, alias.unionid)
    if facts.used.get(key, alias.openid) != alias.openid:
        raise _Contradiction(f"the unionid is known with another openid of {name}")


def _customer(
    record: Record, owner: Owner, facts: Facts, *, with_site: bool
) -> tuple[bool, int | None]:
    """Does the site get to know the owner, and which row gets the external id?"""
    if not with_site:
        return False, None
    rows = facts.customers.get(owner.id, [])
    if record.external_id is None:
        return not rows, None
    names = {row.external_id for row in rows if row.external_id is not None}
    if record.external_id in names:
        return False, None
    if names:
        raise _Contradiction(f"user {owner.uid} has another external_id at this site")
    own = [row.id for row in rows if row.own]
    return (False, own[0]) if own else (True, None)


def _grouped_row(record: Record, owner: Owner, facts: Facts) -> int | None:
    """Which of the site's rows gets the groups; none where it has said some already."""
    rows = facts.customers.get(owner.id, [])
    if record.groups is None or not rows or any(row.grouped for row in rows):
        return None
    return next((row.id for row in rows if row.own), rows[0].id)
