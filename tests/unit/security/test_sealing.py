"""Sealed values: bound to their place, readable with any key of the ring."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wxlogin.security.sealing import SealBroken, Sealer

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
PLACE = {"table": "grant", "column": "access_token", "row": "r1"}


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens(plain: str) -> None:
    sealer = Sealer([OLD])
    assert sealer.unseal(sealer.seal(plain, **PLACE), **PLACE) == plain


def test_the_same_text_never_looks_the_same() -> None:
    """Security row 35."""
    sealer = Sealer([OLD])
    assert len({sealer.seal("token", **PLACE) for _ in range(100)}) == 100


def test_any_flipped_bit_is_noticed() -> None:
    """Security row 35."""
    sealer = Sealer([OLD])
    sealed = sealer.seal("token", **PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            sealer.unseal(bytes(changed), **PLACE)


@pytest.mark.parametrize("part", ["table", "column", "row"])
def test_a_value_opens_in_its_own_place_only(part: str) -> None:
    """Security row 35: two rows swap their values, and neither opens."""
    sealer = Sealer([OLD])
    there = {**PLACE, part: "elsewhere"}
    for home, foreign in ((PLACE, there), (there, PLACE)):
        with pytest.raises(SealBroken):
            sealer.unseal(sealer.seal("token", **home), **foreign)


def test_places_cannot_be_spelled_two_ways() -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal("token", table="a", column="bc", row="d")
    with pytest.raises(SealBroken):
        sealer.unseal(sealed, table="ab", column="c", row="d")


@pytest.mark.parametrize("length", [0, 3, 4, 15, 16, 20, 31])
def test_a_cut_value_is_one_and_the_same_error(length: int) -> None:
    sealer = Sealer([OLD])
    with pytest.raises(SealBroken):
        sealer.unseal(sealer.seal("", **PLACE)[:length], **PLACE)


def test_a_new_key_writes_while_the_old_one_reads() -> None:
    """Security row 36."""
    before, during, after = Sealer([OLD]), Sealer([NEW, OLD]), Sealer([NEW])
    old = before.seal("token", **PLACE)
    assert during.unseal(old, **PLACE) == "token"
    assert not during.is_current(old)
    new = during.seal("token", **PLACE)
    assert during.is_current(new)
    assert after.unseal(new, **PLACE) == "token"
    with pytest.raises(SealBroken):
        after.unseal(old, **PLACE)
    with pytest.raises(SealBroken):
        before.unseal(new, **PLACE)


def test_what_a_former_version_sealed_opens() -> None:
    """Key id, nonce, ciphertext and tag, as they lie in databases."""
    sealed = bytes.fromhex(
        "64106019000102030405060708090a0b336dbd7eab7a441dd9c8c6f4df71d1655605bd449a"
    )
    sealer = Sealer([NEW, OLD])
    assert sealer.unseal(sealed, **PLACE) == "token"
    assert not sealer.is_current(sealed) and Sealer([OLD]).is_current(sealed)


def test_the_error_names_the_place_and_no_value() -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal("the-token", **PLACE)
    with pytest.raises(SealBroken) as caught:
        sealer.unseal(sealed, **{**PLACE, "row": "r2"})
    assert caught.value.facts == {"table": "grant", "column": "access_token"}
    assert caught.value.__suppress_context__
    assert "the-token" not in repr(caught.value)


def test_a_ring_needs_a_key() -> None:
    with pytest.raises(ValueError, match="key"):
        Sealer([])
