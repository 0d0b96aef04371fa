"""Many agree, join and claim one external id at the same moment, on each database."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.services.test_accounts_races import at_once
from tests.support.people import People, accounts_app, check_invariants, rows, user_of
from wxlogin.accounts.models import Consent, Event, SiteUser, User
from wxlogin.config import Registration
from wxlogin.db import transaction
from wxlogin.errors import ExternalIdFixed, ExternalIdTaken
from wxlogin.sites import members, terms
from wxlogin.sites.terms import Policy

POLICY = Policy(
    mode=Registration.ask,
    client_id="shop",
    name="shop",
    terms_url="https://shop.test/terms",
    privacy_url="",
    version="3",
    bind_url=None,
)


@pytest.fixture
def app(tables_url: str) -> Iterator[Flask]:
    with accounts_app(tables_url) as made:
        yield made
        check_invariants()


def test_two_hundred_consents_are_one_user_with_one_consent(app: Flask) -> None:
    """Security row 46, where terms must be agreed to first."""

    def agrees(number: int) -> object:
        doors = ("web", "oa", "app")
        return People().signs_in(
            doors[number % 3],
            "o-xiaoming",
            "u-xiaoming",
            secret=f"secret {number}",
            also=lambda session, found: terms.settle(
                session, POLICY, found.user_id, door="qr"
            ),
        )

    for begin in range(0, 200, 20):
        at_once(app, lambda number, first=begin: agrees(first + number), 20)
    assert [rows(model) for model in (User, Consent, SiteUser)] == [1, 1, 1]
    # user.created, and user.linked for the two doors that came later.
    assert rows(Event) == 3


def test_one_external_id_goes_to_one_of_many(app: Flask) -> None:
    people = People()
    for number in range(8):
        people.signs_in("web", f"o{number}")
    ids = [user_of("web", f"o{number}").id for number in range(8)]

    def claims(number: int) -> object:
        def work(session: object) -> None:
            members.join(session, "shop", ids[number], at=people.at)
            members.give_external_id(
                session, "shop", ids[number], "customer-1", at=people.at
            )

        try:
            return transaction(work)
        except ExternalIdTaken as error:
            return error

    results = at_once(app, claims, 8)
    assert sum(result is None for result in results) == 1
    assert rows(SiteUser) == 1


def test_one_user_gets_one_of_many_external_ids(app: Flask) -> None:
    people = People()
    people.signs_in("web", "o1")
    user_id = user_of("web", "o1").id

    def claims(number: int) -> object:
        try:
            members.set_external_id("shop", user_id, f"customer-{number}")
        except ExternalIdFixed as error:
            return error
        return None

    results = at_once(app, claims, 8)
    assert sum(result is None for result in results) == 1
    assert members.member("shop", user_id).external_id is not None
