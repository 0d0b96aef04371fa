"""Signing keys: made when needed, rotated with overlap, sealed, kept for hints."""

import hmac
import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.support.databases import NoServer, mariadb_url, postgresql_url
from tests.support.people import rows
from tests.unit.oidc.conftest import PUBLIC_URL, sealing_key
from wxlogin.db import db, now, reading
from wxlogin.oidc import key_rotation, signed_tokens, signing_keys
from wxlogin.oidc.signed_tokens import ID_TOKEN, LOGOUT_TOKEN, NotOurs
from wxlogin.oidc.signing_keys import SigningKey
from wxlogin.security.sealing import SealBroken
from wxlogin.service import running

CLAIMS = {"iss": PUBLIC_URL, "sub": "uid"}


@pytest.fixture
def clock():
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as traveller:
        yield traveller


def signed(alg: signing_keys.Alg = "RS256") -> str:
    return signed_tokens.sign(CLAIMS, alg=alg, typ=ID_TOKEN)


def kid_of(text: str) -> str:
    return jws.extract_compact(text.encode()).headers()["kid"]


def published() -> list[str]:
    return [key["kid"] for key in signing_keys.jwks()["keys"]]


def kids(key_set: dict) -> set[str]:
    return {key["kid"] for key in key_set["keys"]}


def all_rows() -> list[SigningKey]:
    with reading() as session:
        return list(session.scalars(sa.select(SigningKey).order_by(SigningKey.id)))


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    statements: list[str] = []

    def note(_conn, _cursor, statement, *_more) -> None:
        statements.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(db.engine, "before_cursor_execute", note)


def part(value: dict) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forged(header: dict, secret: bytes | None = None) -> str:
    """A text as an attacker writes it, with an HMAC or with nothing behind."""
    text = f"{part({'typ': 'JWT', **header})}.{part(CLAIMS)}"
    if secret is None:
        return text + "."
    mac = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def verifies(text: str, key_set: dict) -> bool:
    """What a site does with the keys it fetched."""
    try:
        jwt.decode(text, KeySet.import_key_set(key_set), algorithms=["RS256", "ES256"])
    except (JoseError, ValueError):
        return False
    return True


def states() -> dict[str, str]:
    return {key.kid: key.state for key in key_rotation.list_keys()}


def test_the_published_set_begins_with_the_key_that_signs(service, clock):
    former = kid_of(signed())
    key_rotation.rotate()
    clock.shift(key_rotation.LEAD)
    signing_keys.forget_ring()
    assert kid_of(signed()) != former
    assert published()[0] == kid_of(signed())
    assert former in published()


def test_the_list_begins_with_the_youngest_of_each_algorithm(service, clock):
    for alg in ("ES256", "RS256"):
        signed(alg)
    for _ in range(2):
        clock.shift(timedelta(days=1))
        key_rotation.rotate()
    listed = key_rotation.list_keys()
    assert [key.alg for key in listed] == ["RS256"] * 3 + ["ES256"] * 3
    for alg in ("RS256", "ES256"):
        made = [key.created_at for key in listed if key.alg == alg]
        assert made == sorted(made, reverse=True) and len(set(made)) == 3


@pytest.mark.parametrize(("alg", "kty"), [("RS256", "RSA"), ("ES256", "EC")])
def test_the_first_key_is_made_by_the_first_signature(service, alg, kty):
    """security row 117"""
    text = signed(alg)
    (row,) = all_rows()
    public = json.loads(row.public_key)
    assert (public["kty"], public["alg"], public["use"]) == (kty, alg, "sig")
    assert public["kid"] == row.kid == kid_of(text)
    # RFC 7638, calculated by somebody else's reading of the key.
    kind = RSAKey if kty == "RSA" else ECKey
    bare = {name: public[name] for name in public if name not in ("kid", "use", "alg")}
    assert kind.import_key(bare).thumbprint() == row.kid
    assert jws.extract_compact(text.encode()).headers() == {
        "typ": "JWT",
        "alg": alg,
        "kid": row.kid,
    }
    assert verifies(text, signing_keys.jwks())
    assert kid_of(signed(alg)) == row.kid


def test_the_rsa_key_has_2048_bits(service):
    signed()
    (row,) = all_rows()
    key = RSAKey.import_key(json.loads(row.public_key))
    assert key.public_key.key_size == 2048


def test_the_published_set_holds_what_sites_ask_for_and_nothing_private(service):
    """security row 118: keys are there before a first token is"""
    found = signing_keys.jwks()["keys"]
    assert sorted(key["alg"] for key in found) == ["ES256", "RS256"]
    for key in found:
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(key)


def test_no_site_asks_for_es256_and_there_is_none(service_for):
    with service_for(sites=()).app_context():
        assert [key["alg"] for key in signing_keys.jwks()["keys"]] == ["RS256"]


def test_the_private_half_lies_sealed_in_its_own_row(service):
    signed()
    signed("ES256")
    one, other = all_rows()
    private = running().sealer.unseal(one.private_key, **signing_keys.place_of(one.kid))
    assert json.loads(private)["d"].encode() not in one.private_key
    with pytest.raises(SealBroken):
        running().sealer.unseal(other.private_key, **signing_keys.place_of(one.kid))


def test_a_signature_costs_no_query(service):
    text = signed()
    with counted() as statements:
        again = signed()
    assert statements == []
    assert kid_of(again) == kid_of(text)


def test_of_workers_that_make_the_first_key_at_once_one_succeeds(service_for):
    """Each application has its own memory, as each worker has."""
    race_for_the_first_key([service_for() for _ in range(6)])


@pytest.mark.parametrize("server", [postgresql_url, mariadb_url])
def test_so_they_do_on_a_server(service_for, server):
    try:
        with server() as url:
            apps = [service_for(database_url=url) for _ in range(4)]
            race_for_the_first_key(apps)
            for app in apps:
                with app.app_context():
                    db.engine.dispose()
    except NoServer as missing:
        pytest.skip(str(missing))


def race_for_the_first_key(apps: list[Flask]) -> None:
    barrier = threading.Barrier(len(apps))

    def sign(app: Flask) -> str:
        with app.app_context():
            barrier.wait()
            return signed()

    with ThreadPoolExecutor(len(apps)) as pool:
        texts = list(pool.map(sign, apps))
    with apps[0].app_context():
        assert len({kid_of(text) for text in texts}) == 1
        assert rows(SigningKey) == 1
        assert all(verifies(text, signing_keys.jwks()) for text in texts)


def test_a_new_key_is_published_at_once_and_signs_in_an_hour(service, clock):
    """security row 118"""
    old = signed()
    before = signing_keys.jwks()
    key_rotation.rotate()
    new = next(kid for kid in published() if kid not in kids(before))
    assert states()[new] == "waits"
    # A site that takes the first key of the set has one that signs.
    assert published()[0] == kid_of(old)
    clock.shift(timedelta(minutes=59, seconds=59))
    assert kid_of(signed()) == kid_of(old)
    clock.shift(1)
    assert kid_of(signed()) == new
    assert (states()[new], states()[kid_of(old)]) == ("signs", "published")


def test_the_old_key_is_published_for_a_day_more_and_read_for_ever(service, clock):
    """security row 118"""
    old = signed()
    key_rotation.rotate()
    clock.shift(timedelta(hours=24, minutes=59))
    assert kid_of(old) in published()
    clock.shift(timedelta(minutes=2))
    assert kid_of(old) not in published()
    assert states()[kid_of(old)] == "kept"
    clock.shift(timedelta(days=400))
    assert signed_tokens.read(old, typ=ID_TOKEN) == CLAIMS


def test_sites_know_a_new_key_before_it_signs():
    """security row 118: what a site may keep is over before a new key signs"""
    assert timedelta(seconds=signing_keys.JWKS_SECONDS) < key_rotation.LEAD
    assert signing_keys._REREAD < key_rotation.WITHDRAWAL


def test_a_leaked_key_is_replaced_at_once_and_believed_no_more(service, clock):
    """security row 118"""
    old = signed()
    key_rotation.rotate()
    key_rotation.rotate(leaked=True)
    new = kid_of(signed())
    assert new not in (kid_of(old), None)
    assert sorted(states().values()) == ["signs", "withdrawn", "withdrawn"][:3]
    with pytest.raises(NotOurs):
        signed_tokens.read(old, typ=ID_TOKEN)
    # A worker that has not looked yet still signs with it, and sites can check that.
    assert kid_of(old) in published()
    clock.shift(key_rotation.WITHDRAWAL)
    assert [kid for kid in published() if kid != new] == [
        key["kid"] for key in signing_keys.jwks()["keys"] if key["alg"] == "ES256"
    ]


def test_a_worker_learns_of_a_leak_within_a_minute(service_for, clock):
    """security row 118"""
    worker, operator = service_for(), service_for()
    with worker.app_context():
        old = kid_of(signed())
    with operator.app_context():
        key_rotation.rotate(leaked=True)
        fetched = signing_keys.jwks()
    with worker.app_context():
        late = signed()
        assert kid_of(late) == old and verifies(late, fetched)
        clock.shift(60)
        assert kid_of(signed()) != old


def test_each_algorithm_in_use_gets_a_new_key(service):
    signed()
    signed("ES256")
    assert len(key_rotation.rotate()) == 4
    assert sorted(key.state for key in key_rotation.list_keys()) == [
        "signs",
        "signs",
        "waits",
        "waits",
    ]


def test_rotating_an_empty_table_makes_a_key_that_signs(service):
    (made,) = key_rotation.rotate()
    assert (made.alg, made.state) == ("RS256", "signs")
    assert kid_of(signed()) == made.kid


@pytest.mark.parametrize("leaked", [False, True])
def test_rotations_at_once_leave_one_that_signs(service_for, leaked):
    apps = [service_for() for _ in range(4)]
    with apps[0].app_context():
        signed()
    barrier = threading.Barrier(len(apps))

    def rotate(app: Flask) -> None:
        with app.app_context():
            barrier.wait()
            key_rotation.rotate(leaked=leaked)

    with ThreadPoolExecutor(len(apps)) as pool:
        list(pool.map(rotate, apps))
    with apps[0].app_context():
        assert list(states().values()).count("signs") == 1
        assert verifies(signed(), signing_keys.jwks())


def test_a_clock_that_steps_back_leaves_a_key_to_sign_with(service, clock):
    signed()
    clock.shift(-600)
    signing_keys.forget_ring()
    assert verifies(signed(), signing_keys.jwks())


def test_rotation_under_load_fails_no_site(service_for, clock):
    """security row 118: ten sites sign people in while keys change, each keeping the
    set for as long as it may and fetching it anew for a key that it does not know.
    What one worker signs is checked against the set of the other."""
    workers = [service_for(), service_for()]
    sites = [Visits(workers[i % 2], workers[(i + 1) % 2]) for i in range(10)]
    for one in sites:
        one.start()
    try:
        for turn in range(8):
            for one in sites:
                assert one.steps.acquire(timeout=20)
                assert one.steps.acquire(timeout=20)
            with workers[turn % 2].app_context():
                key_rotation.rotate(leaked=turn % 3 == 2)
            # Time goes on between two sign-ins, not in the middle of one.
            with ExitStack() as pause:
                for one in sites:
                    pause.enter_context(one.busy)
                clock.shift(timedelta(minutes=31))
    finally:
        for one in sites:
            one.stop.set()
            one.join()
    assert [one.failures for one in sites] == [[]] * 10
    assert len(set().union(*(one.seen for one in sites))) > 4
    assert all(one.fetches > 4 for one in sites)


class Visits(threading.Thread):
    """A site whose people sign in at one worker and that fetches keys from another."""

    def __init__(self, signs: Flask, publishes: Flask) -> None:
        super().__init__()
        self.signs, self.publishes = signs, publishes
        self.stop, self.busy = threading.Event(), threading.Lock()
        self.steps = threading.Semaphore(0)
        self.failures: list[str] = []
        self.seen: set[str] = set()
        self.fetches = 0

    def run(self) -> None:
        known, since = self.fetch()
        while not self.stop.is_set():
            with self.busy:
                with self.signs.app_context():
                    text = signed()
                over = now() - since >= timedelta(seconds=signing_keys.JWKS_SECONDS)
                if over or kid_of(text) not in kids(known):
                    known, since = self.fetch()
                if not verifies(text, known):
                    self.failures.append(kid_of(text))
                self.seen.add(kid_of(text))
            self.steps.release()

    def fetch(self) -> tuple[dict, datetime]:
        self.fetches += 1
        with self.publishes.app_context():
            return signing_keys.jwks(), now()


def test_all_keys_are_sealed_again(service_for):
    """security row 36"""
    with service_for().app_context():
        texts = [signed(), signed("ES256")]
    both = (sealing_key(32), sealing_key(0))
    with service_for(encryption_keys=both).app_context():
        assert key_rotation.reseal(running().sealer) == key_rotation.Resealed(2, 0)
        assert key_rotation.reseal(running().sealer) == key_rotation.Resealed(0, 0)
    with service_for(encryption_keys=(sealing_key(32),)).app_context():
        assert [kid_of(signed()), kid_of(signed("ES256"))] == [
            kid_of(text) for text in texts
        ]


def test_keys_that_do_not_open_are_told_and_replaced(service_for, clock):
    """A lost ENCRYPTION_KEY: what to do is in the error."""
    with service_for().app_context():
        old = signed()
    with service_for(encryption_keys=(sealing_key(32),)).app_context():
        with pytest.raises(SealBroken, match="rotate --now"):
            signed()
        # Sites can still check what was signed before.
        assert verifies(old, signing_keys.jwks())
        assert key_rotation.reseal(running().sealer).broken == 1
        key_rotation.rotate(leaked=True)
        assert verifies(signed(), signing_keys.jwks())


def test_a_worker_without_the_new_seal_goes_on_with_the_old_key(service_for, clock):
    """ENCRYPTION_KEYS change worker by worker."""
    old_worker = service_for()
    with old_worker.app_context():
        old = kid_of(signed())
    both = (sealing_key(32), sealing_key(0))
    with service_for(encryption_keys=both).app_context():
        key_rotation.rotate()
    clock.shift(timedelta(hours=2))
    with old_worker.app_context():
        late = signed()
        assert kid_of(late) == old and verifies(late, signing_keys.jwks())
        clock.shift(timedelta(hours=24))
        # Rather nothing than what no site can check.
        with pytest.raises(SealBroken):
            signed()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-6] + ("A" * 6),
        lambda text: text.replace(".", ".e30.", 1),
        lambda text: "",
        lambda text: "x" * 10_000,
        lambda text: "ä.b.c",
        lambda text: text.split(".")[0] + ".e30.",
    ],
)
def test_what_was_altered_is_not_ours(service, change):
    """security row 117"""
    with pytest.raises(NotOurs):
        signed_tokens.read(change(signed()), typ=ID_TOKEN)


def test_types_are_not_interchangeable(service):
    """security row 117"""
    logout = signed_tokens.sign(CLAIMS, alg="RS256", typ=LOGOUT_TOKEN)
    assert signed_tokens.read(logout, typ=LOGOUT_TOKEN) == CLAIMS
    with pytest.raises(NotOurs):
        signed_tokens.read(logout, typ=ID_TOKEN)
    with pytest.raises(NotOurs):
        signed_tokens.read(signed(), typ=LOGOUT_TOKEN)


def test_no_signature_and_foreign_keys_are_refused(service):
    """security row 117: `none`, a key of one's own, ours as an HMAC key"""
    kid = kid_of(signed())
    public = json.loads(all_rows()[0].public_key)
    foreign = RSAKey.generate_key(2048)
    pem = RSAKey.import_key(public).as_pem(private=False)
    attempts = [
        forged({"alg": "none", "kid": kid}),
        forged({"alg": "RS256", "kid": kid}),
        forged({"alg": "HS256", "kid": kid}, pem),
        jwt.encode({"alg": "RS256", "kid": kid}, CLAIMS, foreign),
        jwt.encode({"alg": "RS256", "kid": foreign.thumbprint()}, CLAIMS, foreign),
        jwt.encode({"alg": "RS256"}, CLAIMS, foreign),
        jwt.encode({"alg": "RS256", "kid": "\x00" * 43}, CLAIMS, foreign),
    ]
    for text in attempts:
        with pytest.raises(NotOurs):
            signed_tokens.read(text, typ=ID_TOKEN)


def test_a_text_for_another_issuer_is_not_ours(service):
    text = signed_tokens.sign({"iss": "https://other.test"}, alg="RS256", typ=ID_TOKEN)
    with pytest.raises(NotOurs, match="issuer"):
        signed_tokens.read(text, typ=ID_TOKEN)
