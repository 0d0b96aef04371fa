"""The numbers that a phone chooses from."""

from itertools import combinations

from wxlogin.flows.pairing_ticket import new_numbers


def test_no_two_numbers_on_show_are_alike():
    """security row 74: no digit is in two of them, so none is a slip of another"""
    for _ in range(300):
        number, choices = new_numbers()
        assert number in choices and len(choices) == 3
        assert all(len(one) == 2 and one[0] != "0" for one in choices)
        for one, other in combinations(choices, 2):
            assert set(one).isdisjoint(other)


def test_the_right_one_stands_in_every_place():
    places = {(found := new_numbers())[1].index(found[0]) for _ in range(200)}
    assert places == {0, 1, 2}
