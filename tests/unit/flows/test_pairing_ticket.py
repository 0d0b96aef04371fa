"""The number that a phone brings from another network."""

import secrets

from wxlogin.flows.pairing_ticket import new_number


def test_ninety_numbers_and_none_more_often_than_another(monkeypatch):
    """security row 74: of two digits each, so one guess in ninety is right"""
    drawn = list(range(90))
    monkeypatch.setattr(secrets, "randbelow", lambda most: drawn.pop() % most)
    numbers = {new_number() for _ in range(90)}
    assert numbers == {str(number) for number in range(10, 100)}
