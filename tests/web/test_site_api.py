"""What a site's server may ask about its users, and its own ids of them."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.support.journey import Browser, Phone
from tests.web.site_server import OTHER, PUBLIC, SHOP, SITES, Server
from wxlogin.accounts import people, sessions
from wxlogin.accounts.identities import merge_by_choice
from wxlogin.config import Site

BINDING = {"code": "x", "external_id": "c-1", "label": "ann"}
FIELDS = [
    "uid",
    "former_uids",
    "external_id",
    "groups",
    "nickname",
    "avatar",
    "language",
    "identities",
    "unionid",
    "following",
    "created_at",
    "last_seen_at",
    "disabled",
]


@pytest.fixture
def app(app_for):
    return app_for(sites=SITES)


@pytest.fixture
def shop(app) -> Server:
    return Server(app)


def signs_in(app, phone: Phone) -> Browser:
    browser = Browser(app)
    started = browser.starts()
    assert browser.returns(started, phone.confirms(started)).status_code == 303
    return browser


@pytest.fixture
def ming(app, xiaoming, shop) -> str:
    """The uid of 小明, whom the shop knows."""
    uid = signs_in(app, xiaoming).who()["uid"]
    shop.learns_of(uid)
    return uid


@pytest.fixture
def li(app, lihua, shop) -> str:
    uid = signs_in(app, lihua).who()["uid"]
    shop.learns_of(uid)
    return uid


def problem(answer) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json"
    return answer.status_code, answer.get_json()["code"]


def test_a_user_by_uid(shop, ming):
    answer = shop.get(f"/users/{ming}")
    body = answer.get_json()
    assert answer.status_code == 200
    assert list(body) == FIELDS
    assert body["uid"] == ming
    assert body["nickname"] == "小明😀"
    assert body["external_id"] is None
    assert body["avatar"].startswith("http://127.0.0.1:5000/avatars/")
    [identity] = body["identities"]
    assert (identity["app"], identity["kind"]) == ("web", "website")
    assert body["disabled"] is False
    assert body["created_at"].endswith("+00:00")


def test_a_user_by_each_id(shop, ming):
    known = shop.get(f"/users/{ming}").get_json()
    shop.put(f"/users/{ming}", {"external_id": "c-1"})
    openid = known["identities"][0]["openid"]
    for wish in (
        {"external_id": "c-1"},
        {"openid": openid, "app": "web"},
        {"unionid": known["unionid"]},
    ):
        assert shop.get("/users", **wish).get_json()["uid"] == ming


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"external_id": ""},
        {"openid": "o1"},
        {"app": "web"},
        {"external_id": "c-1", "unionid": "u1"},
        {"openid": "o1", "app": "web", "unionid": "u1"},
        {"nickname": "小明😀"},
        {"phone": "13800000000"},
        {"external_id": ["c-1", "c-1"]},
        {"external_id": "a\nb"},
        {"external_id": "x" * 129},
    ],
)
def test_a_look_up_is_by_one_kind_of_id(shop, wish):
    assert problem(shop.get("/users", **wish)) == (400, "bad_request")


def test_a_malformed_call_is_told_what_to_mend(app, shop, ming):
    told = shop.get("/users", nickname="小明😀").get_json()
    assert told["reason"] == "name one of: external_id; openid and app; unionid"
    form = {"headers": shop.headers, "data": {"external_id": "1"}}
    answer = app.test_client().put(
        f"/api/site/users/{ming}", base_url="http://127.0.0.1:5000", **form
    )
    assert problem(answer) == (415, "bad_request")
    assert answer.get_json()["reason"] == "the body is not application/json"


@pytest.mark.parametrize(
    "wish",
    [
        {"external_id": "c-404"},
        {"openid": "o" * 28, "app": "web"},
        {"openid": "o" * 28, "app": "nothing"},
        {"openid": "小", "app": "web"},
        {"unionid": "u" * 28},
        {"unionid": "a\x00b"},
        {"unionid": "u" * 5000},
    ],
)
def test_nobody_is_found_by_foreign_ids(shop, ming, wish):
    assert problem(shop.get("/users", **wish)) == (404, "not_found")


def test_a_site_sees_only_its_own_users(app, shop, ming):
    """security row 119: what a client may learn is its own"""
    other = Server(app, OTHER)
    known = shop.get(f"/users/{ming}").get_json()
    openid = known["identities"][0]["openid"]
    for answer in (
        other.get(f"/users/{ming}"),
        other.get("/users", unionid=known["unionid"]),
        other.get("/users", openid=openid, app="web"),
        other.put(f"/users/{ming}", {"external_id": "c-1"}),
        other.put(f"/users/{ming}/groups", {"groups": ["staff"]}),
    ):
        assert problem(answer) == (404, "not_found")
        assert ming not in answer.text


def test_every_call_wants_the_sites_key(app, shop, ming):
    """security row 116"""
    wrong = Server(app, SHOP, secret="another-secret-of-24-chars")
    nobody = Server(app, Site(name="x", client_id="nobody", client_secret="x" * 24))
    public = Server(app, PUBLIC, secret="x" * 24)
    bare = Server(app)
    bare.headers = {}
    for server in (wrong, nobody, public, bare):
        for answer in (
            server.get(f"/users/{ming}"),
            server.get("/users", external_id="c-1"),
            server.put(f"/users/{ming}", {"external_id": "c-1"}),
            server.put(f"/users/{ming}/groups", {"groups": ["staff"]}),
            server.post("/links", {"external_id": "c-1", "label": "ann"}),
            server.post("/links/confirm", {"code": "x", "external_id": "c-1"}),
            server.get("/bindings/x"),
            server.post(
                "/bindings", {"code": "x", "external_id": "c-1", "label": "ann"}
            ),
        ):
            assert problem(answer) == (401, "key_needed")
            assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_hashed_secret_is_as_good(app_for, xiaoming):
    """security row 116"""
    digest = hashlib.sha256(SHOP.client_secret.encode()).hexdigest()
    hashed = SHOP.model_copy(update={"client_secret": f"sha256:{digest}"})
    app = app_for(sites=(hashed,))
    good, bad = Server(app, SHOP), Server(app, hashed)
    assert problem(good.get("/users/none")) == (404, "not_found")
    assert problem(bad.get("/users/none")) == (401, "key_needed")


def test_the_sites_own_id(shop, ming):
    answer = shop.put(f"/users/{ming}", {"external_id": "c-1"})
    assert (answer.status_code, answer.get_json()["external_id"]) == (200, "c-1")
    assert shop.put(f"/users/{ming}", {"external_id": "c-1"}).status_code == 200
    assert shop.get(f"/users/{ming}").get_json()["external_id"] == "c-1"
    answer = shop.put(f"/users/{ming}", {"external_id": None})
    assert (answer.status_code, answer.get_json()["external_id"]) == (200, None)
    assert problem(shop.get("/users", external_id="c-1")) == (404, "not_found")


def test_the_sites_own_id_is_unique_both_ways(shop, ming, li):
    shop.put(f"/users/{ming}", {"external_id": "c-1"})
    taken = shop.put(f"/users/{li}", {"external_id": "c-1"})
    fixed = shop.put(f"/users/{ming}", {"external_id": "c-2"})
    assert problem(taken) == (409, "external_id_taken")
    assert problem(fixed) == (409, "external_id_fixed")
    assert shop.get(f"/users/{ming}").get_json()["external_id"] == "c-1"
    assert shop.get(f"/users/{li}").get_json()["external_id"] is None


def test_two_sites_have_ids_of_their_own(app, shop, ming, li):
    other = Server(app, OTHER)
    other.learns_of(li)
    shop.put(f"/users/{ming}", {"external_id": "1"})
    assert other.put(f"/users/{li}", {"external_id": "1"}).status_code == 200
    assert shop.get("/users", external_id="1").get_json()["uid"] == ming
    assert other.get("/users", external_id="1").get_json()["uid"] == li


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"external_id": ""},
        {"external_id": " c-1"},
        {"external_id": "x" * 129},
        {"external_id": "a\x00b"},
        {"external_id": "a\nb"},
        {"external_id": "\ud800"},
        {"external_id": 7},
        {"external_id": ["c-1"]},
        [],
        "c-1",
    ],
)
def test_what_is_no_id_is_refused(shop, ming, body):
    assert problem(shop.put(f"/users/{ming}", body)) == (400, "bad_request")
    assert shop.get(f"/users/{ming}").get_json()["external_id"] is None


@pytest.mark.parametrize("external_id", ["7", "客户-1", "a b", "x" * 128, "C-1", "é"])
def test_any_printable_id_will_do(shop, ming, li, external_id):
    assert shop.put(f"/users/{ming}", {"external_id": external_id}).status_code == 200
    found = shop.get("/users", external_id=external_id)
    assert found.get_json()["uid"] == ming
    swapped = external_id.swapcase()
    if swapped != external_id:
        assert shop.put(f"/users/{li}", {"external_id": swapped}).status_code == 200


def test_one_id_given_to_two_users_at_once(app, shop, ming, li):
    start = Barrier(8)

    def gives(uid: str) -> int:
        server = Server(app)
        start.wait()
        return server.put(f"/users/{uid}", {"external_id": "c-1"}).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(gives, [ming, li] * 4))
    assert codes == [200] * 4 + [409] * 4


def test_the_sites_groups(shop, ming, li):
    path = f"/users/{ming}/groups"
    assert shop.get(f"/users/{ming}").get_json()["groups"] is None
    for said in (["staff", "店长"], ["staff"], [], None, ["g" * 64] * 1):
        for _ in range(2):
            answer = shop.put(path, {"groups": said})
            assert (answer.status_code, answer.get_json()["groups"]) == (200, said)
        assert shop.get(f"/users/{ming}").get_json()["groups"] == said
    assert shop.get(f"/users/{li}").get_json()["groups"] is None
    assert problem(shop.put("/users/x/groups", {"groups": []})) == (404, "not_found")


NO_GROUPS = (
    {},
    {"groups": "staff"},
    {"groups": {"staff": True}},
    {"groups": ["staff", 7]},
    {"groups": [["staff"]]},
    {"groups": [None]},
    {"groups": [True]},
    {"groups": [""]},
    {"groups": [" staff"]},
    {"groups": ["a\nb"]},
    {"groups": ["\ud800"]},
    {"groups": ["x" * 65]},
    {"groups": ["staff", "staff"]},
    {"groups": [f"g{n}" for n in range(17)]},
    ["staff"],
)


def test_what_is_no_groups_is_refused(shop, ming):
    shop.put(f"/users/{ming}/groups", {"groups": ["members"]})
    for body in NO_GROUPS:
        answer = shop.put(f"/users/{ming}/groups", body)
        assert problem(answer) == (400, "bad_request"), body
        if isinstance(body, dict) and body:
            assert "Tea shop" in answer.get_json()["reason"], body
        assert shop.get(f"/users/{ming}").get_json()["groups"] == ["members"], body


def test_after_a_merge_both_uids_lead_to_the_survivor(app, shop, ming, li):
    shop.put(f"/users/{ming}", {"external_id": "c-1"})
    shop.put(f"/users/{li}", {"external_id": "c-2"})
    shop.put(f"/users/{li}/groups", {"groups": ["staff"]})
    with app.app_context():
        ids = [people.find_user(uid).user_id for uid in (ming, li)]
        session = sessions.list_for(ids[0])[0].id
        assert merge_by_choice(*ids, session_id=session) == ming
    for wish in (f"/users/{ming}", f"/users/{li}"):
        body = shop.get(wish).get_json()
        assert (body["uid"], body["former_uids"]) == (ming, [li])
        assert (body["external_id"], body["groups"]) == ("c-1", ["staff"])
    shop.put(f"/users/{li}/groups", {"groups": []})
    assert shop.get(f"/users/{ming}").get_json()["groups"] == []
    assert shop.get("/users", external_id="c-2").get_json()["uid"] == ming


def test_a_disabled_user_is_shown_as_such(app, shop, ming):
    with app.app_context():
        people.disable(ming)
    assert shop.get(f"/users/{ming}").get_json()["disabled"] is True


def test_a_deleted_user_is_gone(app, shop, ming):
    shop.put(f"/users/{ming}", {"external_id": "c-1"})
    with app.app_context():
        people.delete(people.find_user(ming).user_id)
    assert problem(shop.get(f"/users/{ming}")) == (404, "not_found")
    assert problem(shop.get("/users", external_id="c-1")) == (404, "not_found")


def test_a_refusal_speaks_to_a_program(app, shop):
    """Not to a visitor, who would be told to sign in again."""
    answers = (
        shop.post("/links", {}),
        shop.get("/users", external_id="x", openid="y"),
        shop.get("/events", limit=501),
        shop.get("/bindings/x"),
        shop.get("/users/x"),
        Server(app, secret="another-secret-of-24-letters").get("/users/x"),
    )
    for answer in answers:
        said = answer.get_json()
        assert answer.mimetype == "application/problem+json"
        assert "登录" not in said["title"] + said["detail"], said
