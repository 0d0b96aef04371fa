"""Two hundred arrive at once, in four processes: one round on each database."""

from tests.proof.race import race


def test_two_hundred_first_sign_ins_of_one_person_make_one_user(
    database_url: str,
) -> None:
    """security row 46"""
    figures = race(database_url)
    assert figures.errors == ()
    assert figures.good, str(figures)
