"""What a state looks like and which one is taken (security rows 1, 3, 5, 6)."""

import base64
from datetime import UTC, datetime

import pytest
import time_machine
from pydantic import SecretStr

from wxlogin.config import load_settings
from wxlogin.errors import StateExpired, StateInvalid
from wxlogin.security import signing
from wxlogin.security.signing import (
    State,
    follow_scene,
    new_nonce,
    read_state,
    refresh_successors,
    session_secrets,
    sign_state,
)

OLD, NEW = "old-key-" + "0123456789abcdef" * 2, "new-key-" + "fedcba9876543210" * 2


@pytest.fixture
def settings(tmp_path):
    return load_settings(tmp_path, secret_key=SecretStr(OLD))


def test_ten_thousand_states_are_distinct_and_fit_wechats_rule(settings):
    """security row 1"""
    states = [sign_state(settings, State(new_nonce(), 0, "q")) for _ in range(10_000)]
    assert len(set(states)) == 10_000
    assert all(22 <= len(state) <= 128 for state in states)
    assert set("".join(states)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    # Every place but the first three takes more than one letter.
    assert all(len(set(column)) > 1 for column in list(zip(*states, strict=False))[:4])


def test_a_state_says_what_was_signed(settings):
    state = State(new_nonce(), 255, "u", restarted=True)
    assert read_state(settings, sign_state(settings, state)) == state


def test_every_changed_letter_is_noticed(settings):
    """security row 3"""
    text = sign_state(settings, State(new_nonce(), 0, "q"))
    for place, letter in enumerate(text):
        other = "A" if letter != "A" else "B"
        with pytest.raises(StateInvalid):
            read_state(settings, text[:place] + other + text[place + 1 :])


def test_another_spelling_of_the_same_bytes_is_refused(settings):
    """base32 leaves bits of the last letter unused; so does base64 inside it."""
    text = sign_state(settings, State(new_nonce(), 0, "q"))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    signed = base64.b32decode(text + "=" * (-len(text) % 8))
    for letter in letters:
        respelled = text[:-1] + letter
        if respelled == text:
            continue
        if base64.b32decode(respelled + "=" * (-len(text) % 8)) == signed:
            with pytest.raises(StateInvalid):
                read_state(settings, respelled)
    for form in (text.lower(), f"{text}=", f" {text}", f"{text}\n", text + "A" * 8):
        with pytest.raises(StateInvalid):
            read_state(settings, form)


@pytest.mark.parametrize("payload", ["n" * 22 + "00q2", "n" * 22 + "00Q0", "ñ" * 13])
def test_a_state_of_another_version_is_refused(settings, payload):
    signed = signing._state_signer(settings).sign(payload.encode())
    text = base64.b32encode(signed).decode().rstrip("=")
    with pytest.raises(StateInvalid) as caught:
        read_state(settings, text)
    assert caught.value.operator == "the state is not of this version"


def test_a_state_is_good_for_ten_minutes(settings):
    """security row 5"""
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        text = sign_state(settings, State(new_nonce(), 0, "q"))
        clock.shift(600)
        read_state(settings, text)
        clock.shift(1)
        with pytest.raises(StateExpired):
            read_state(settings, text)


def test_a_former_key_is_still_read(settings, tmp_path):
    text = sign_state(settings, State(new_nonce(), 0, "q"))
    rotated = load_settings(
        tmp_path,
        secret_key=SecretStr(NEW),
        secret_key_fallbacks=(SecretStr(OLD),),
    )
    assert read_state(rotated, text).flow == "q"
    without = load_settings(tmp_path, secret_key=SecretStr(NEW))
    with pytest.raises(StateInvalid):
        read_state(without, text)


def test_a_session_secret_can_be_made_again_with_either_key(settings, tmp_path):
    rotated = load_settings(
        tmp_path,
        secret_key=SecretStr(NEW),
        secret_key_fallbacks=(SecretStr(OLD),),
    )
    before = session_secrets(settings, "nonce", "code", "secret")
    after = session_secrets(rotated, "nonce", "code", "secret")
    assert len(after) == 2
    assert before[0] in after
    assert after[0] not in before
    # The border between the parts counts.
    assert session_secrets(settings, "noncec", "ode", "secret") != before


def test_what_a_former_version_derived_is_derived_again(settings):
    """A callback, a refresh token and a day's code outlive an upgrade; each purpose has
    a salt of its own."""
    assert session_secrets(settings, "nonce", "code", "secret") == [
        "2ie6cgB0W5YxDWtKQQIigkigvF8zstW3Fp1WoGwl4H4"
    ]
    assert refresh_successors(settings, "token") == [
        "sxCLtW_yB42bOAn5TrDzXgyPiJ1c8GVDeRQOow0c-aQ"
    ]
    scene = follow_scene(settings, "wx0000000000000a02", 7)
    assert scene == "ya2x4Z-LE32KMau4OB8rsX"
