"""A picture that a person chose in a mini program, as `wx.uploadFile` sends it."""

import io
import json

import pytest
import requests
from PIL import Image

from tests.support.journey import pictures_arrive
from tests.web.mini_program import MiniProgram
from wxlogin.accounts.models import Avatar, User
from wxlogin.db import db
from wxlogin.web import uploads

GREEN, RED = (10, 150, 60), (200, 20, 20)


def picture(colour=GREEN, kind: str = "JPEG", size=(640, 640), **more) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def sends(
    program: MiniProgram,
    content: bytes,
    *,
    field: str = "file",
    name: str = "tmp_5f2a.jpeg",
    kind: str = "image/jpeg",
    **more,
):
    """What `wx.uploadFile` sends of a file; `more` is its formData."""
    return posts(program, [(field, (name, content, kind))], more)


def posts(program: MiniProgram, files: list, fields: dict):
    """A form of these parts. A test client would write large ones to a disk."""
    form = requests.Request(
        "POST", "http://any", files=files, data={"formData": "", **fields}
    ).prepare()
    return program.sends(
        *("POST", f"/api/mp/{program.name}/avatar"),
        data=form.body,
        content_type=form.headers["Content-Type"],
    )


def refused(answer, reason: str, status: int = 400) -> bool:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert reason in answer.get_json().get("reason", "")
    return True


def shown(program: MiniProgram) -> Image.Image | None:
    """The picture at the address that /api/me names."""
    address = program.who()["avatar"]
    if address is None:
        return None
    path = address.removeprefix("http://127.0.0.1:5000")
    assert path.startswith(f"/avatars/{program.who()['uid']}?v=")
    answer = program.app.test_client().get(path)
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    return Image.open(io.BytesIO(answer.data))


def colour_of(image: Image.Image | None) -> tuple[int, ...] | None:
    if image is None:
        return None
    middle = image.getpixel((60, 60))
    close = [
        one
        for one in (GREEN, RED)
        if all(abs(a - b) < 12 for a, b in zip(one, middle, strict=True))
    ]
    return close[0] if close else middle


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`, signed in."""
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    return program


def test_the_picture_that_was_chosen(program):
    answer = sends(program, picture())
    assert answer.status_code == 200
    body = answer.get_json()
    assert set(body) == {"user", "profile_wanted"}
    assert body["user"]["uid"] == program.who()["uid"]
    # Who has a picture may still lack a name.
    assert body["profile_wanted"] is True
    image = shown(program)
    assert (image.format, image.size, colour_of(image)) == ("JPEG", (132, 132), GREEN)


@pytest.mark.parametrize("field", ["file", "avatar", "头像"])
@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "text/html", ""])
def test_neither_name_nor_type_is_looked_at(program, field, kind):
    for content in (picture(RED, "PNG"), picture()):
        name = "../../etc/passwd\u0000.svg"
        assert sends(program, content, field=field, kind=kind, name=name).status_code
    assert colour_of(shown(program)) == GREEN


def test_what_the_form_holds_besides_is_not_looked_at(program):
    answer = sends(program, picture(), nickName="李华", uid="x" * 22)
    assert answer.status_code == 200
    assert program.who()["nickname"] == ""


@pytest.mark.parametrize(
    "content",
    [
        lambda: b"",
        lambda: b"\x00" * 100,
        lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        lambda: b"<!doctype html><script>alert(1)</script>",
        lambda: picture(kind="GIF"),
        lambda: picture(kind="BMP", size=(100, 100)),
        lambda: picture()[:300],
        lambda: picture(size=(20, 20)),
        lambda: picture(size=(3000, 3000), quality=1),
        lambda: picture(kind="PNG", size=(9000, 9000)),
        lambda: json.dumps({"errcode": 41030}).encode(),
    ],
    ids=[
        *("empty", "zeros", "svg", "html", "gif", "bmp", "cut", "tiny"),
        *("huge", "bomb", "json"),
    ],
)
def test_what_is_no_picture_changes_nothing(app, program, content):
    """security rows 66 and 104: its content says what a file is"""
    sends(program, picture())
    assert refused(sends(program, content()), "no picture")
    assert colour_of(shown(program)) == GREEN


def test_nothing_but_pixels_is_kept(app, program):
    """security row 104"""
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    content = picture(exif=exif.tobytes(), comment=b"<script>") + b"<script>PK\x03\x04"
    assert sends(program, content).status_code == 200
    with app.app_context():
        kept = db.session.query(Avatar.picture).scalar()
    assert b"where I live" not in kept
    assert b"<script>" not in kept


@pytest.mark.parametrize("files", [0, 2, 30])
def test_no_file_or_several(program, files):
    parts = [(f"file{number}", ("a.jpeg", b"x", "")) for number in range(files)]
    answer = posts(program, parts or [("text", (None, "x"))], {})
    if files < 30:
        assert refused(answer, "holds no file, or several")
    else:
        assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["application/json", "image/jpeg", "", "text/plain"])
def test_a_body_of_another_kind(program, kind):
    answer = program.sends(
        "POST", "/api/mp/mp/avatar", data=picture(), content_type=kind
    )
    assert refused(answer, "multipart/form-data", 415)


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=x"])
def test_a_form_without_an_end(program, boundary):
    data = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    answer = program.sends(
        *("POST", "/api/mp/mp/avatar"),
        data=data + picture(),
        content_type=f"multipart/form-data{boundary}",
    )
    assert answer.status_code == 400
    assert shown(program) is None


# -- how large --


def test_a_photograph_is_larger_than_other_bodies(program):
    content = picture(kind="PNG", size=(1200, 1200)) + b"\x00" * 1_500_000
    assert sends(program, content).status_code == 200


@pytest.mark.parametrize("size", [uploads.FILE_BYTES + 1, 3 * 1024 * 1024])
def test_a_file_without_end(program, size):
    """security row 100"""
    answer = sends(program, picture() + bytes(size))
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")
    assert shown(program) is None


def test_only_files_may_be_larger(program):
    """security row 100: other calls end where they did"""
    body = json.dumps({"nickName": "x" * 70_000})
    answer = program.sends(
        *("POST", "/api/mp/mp/profile"), data=body, content_type="application/json"
    )
    assert answer.status_code in (400, 413)
    assert program.who()["nickname"] == ""


def test_of_a_stranger_nothing_is_read(app, simulator, monkeypatch):
    """security row 100: who has no token of this program sends to nobody"""
    monkeypatch.setattr("wxlogin.web.mini_program.sent_file", lambda: 1 / 0)
    stranger = MiniProgram(app, simulator)
    other = MiniProgram(app, simulator, name="mp2")
    other.logs_in()
    for token in ("", "made-up", other.token):
        stranger.token = token
        assert sends(stranger, picture() + bytes(1_000_000)).status_code == 401


def test_of_one_program_one_file_at_a_time():
    readers = uploads.Readers()
    with readers.one("a"), pytest.raises(uploads.TooManyRequests):
        with readers.one("a"):
            pass
    with readers.one("a"):
        pass


def test_slow_phones_do_not_hold_every_thread():
    """security row 101"""
    readers = uploads.Readers()
    held = [readers.one(str(number)) for number in range(uploads.SEATS)]
    for one in held:
        one.__enter__()
    with pytest.raises(uploads.TooManyRequests), readers.one("one more"):
        pass
    held[0].__exit__(None, None, None)
    with readers.one("one more"):
        pass


def test_pictures_without_end(app_for, simulator):
    program = MiniProgram(app_for(limits={"pictures": 2}), simulator)
    program.logs_in()
    heard = [sends(program, picture()).status_code for _ in range(3)]
    assert heard == [200, 200, 429]


# -- what replaces what --


def test_the_grey_picture_replaces_nothing(program):
    sends(program, picture())
    program.post("profile", nickName="小明")
    data = program.of_wechat("userdata", form="anonymous")
    names = ("rawData", "signature", "encryptedData", "iv")
    answer = program.post("bind", **{name: data[name] for name in names})
    assert answer.status_code == 200
    pictures_arrive(program.app)
    assert colour_of(shown(program)) == GREEN


def test_the_next_picture_replaces_it(app, program):
    sends(program, picture())
    first = program.who()["avatar"]
    sends(program, picture(RED))
    assert colour_of(shown(program)) == RED
    assert program.who()["avatar"] != first
    with app.app_context():
        assert db.session.query(Avatar).count() == 1


def test_the_same_picture_keeps_its_address(program):
    sends(program, picture())
    first = program.who()["avatar"]
    sends(program, picture())
    assert program.who()["avatar"] == first


def test_a_sign_in_that_names_no_picture_leaves_it(app, simulator, program):
    """Nothing is fetched for it."""
    sends(program, picture())
    program.logs_in()
    pictures_arrive(app)
    assert colour_of(shown(program)) == GREEN


def test_wechats_own_picture_replaces_it(app, program, browser, xiaoming):
    """As with a name: WeChat's word counts once it comes."""
    sends(program, picture())
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    with app.app_context():
        db.session.query(User).update({"profile_at": None})
        db.session.commit()
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    pictures_arrive(app)
    assert colour_of(shown(program)) not in (GREEN, None)


# -- strangers --


@pytest.fixture
def stranger(app_for, settings_for, simulator) -> MiniProgram:
    """小明's phone with a program that lets strangers look around."""
    apps = [
        {**app.model_dump(), "two_phase": app.name == "mp"}
        for app in settings_for().apps
    ]
    program = MiniProgram(app_for(apps=apps, simulator="on"), simulator)
    assert program.logs_in().get_json()["user"] is None
    return program


def test_a_stranger_gets_an_account_with_a_picture(stranger):
    body = sends(stranger, picture()).get_json()
    assert body["user"]["nickname"] == ""
    stranger.token = body["token"]
    assert colour_of(shown(stranger)) == GREEN


def test_a_stranger_sends_name_and_picture_with_the_same_token(stranger):
    named = stranger.post("profile", nickName="小明").get_json()
    pictured = sends(stranger, picture()).get_json()
    assert named["token"] == pictured["token"]
    assert pictured["user"]["nickname"] == "小明"
    stranger.token = named["token"]
    assert colour_of(shown(stranger)) == GREEN


def test_a_strangers_bad_file_makes_no_account(stranger):
    assert refused(sends(stranger, b"<svg/>"), "no picture")
    with stranger.app.app_context():
        assert db.session.query(User).count() == 0


def test_where_a_site_asks_first_a_picture_is_no_word(app_for, simulator):
    app = app_for(registration="ask", terms_url="https://shop.example/terms")
    program = MiniProgram(app, simulator)
    program.logs_in()
    answer = sends(program, picture())
    assert (answer.status_code, answer.get_json()["code"]) == (
        *(403, "registration_needed"),
    )
