"""Where WeChat pushes to: messages and events of an app, and its question whether
somebody listens.

The address that is entered in WeChat's console is /oa/<app>; a slash behind it is the
same address, since WeChat follows no redirect. What is not WeChat's gets 403 and no
word. What is WeChat's and means nothing to us is answered `success`, or WeChat tells
the person that the account is out of order.
"""

from flask import Blueprint, Response, request
from werkzeug.wrappers import Response as AnyResponse

from wxlogin.config import App
from wxlogin.errors import NotFound, PushRefused, WxloginError
from wxlogin.flows.chat import Answer, Reply, Text
from wxlogin.flows.follow import Heard
from wxlogin.flows.push import receive, verify, written
from wxlogin.service import running
from wxlogin.web import follow_chat
from wxlogin.web.edge import without_cookies
from wxlogin.web.problems import refusal
from wxlogin.wechat.push_envelope import Delivery, Signed
from wxlogin.wechat.pushes import SUCCESS, is_json

bp = Blueprint("push", __name__, url_prefix="/oa")

_ECHO_LENGTH = 1024


@bp.get("/<name>", strict_slashes=False)
def listen(name: str) -> Response:
    """The echo that shows WeChat that the address is ours (security row 80)."""
    verify(_app(name), _delivery())
    echo = _query("echostr")
    if not 0 < len(echo) <= _ECHO_LENGTH:
        raise PushRefused("no echostr")
    return _text(echo.encode())


@bp.post("/<name>", strict_slashes=False)
@without_cookies
def take(name: str) -> Response:
    """One message or event."""
    app, delivery = _app(name), _delivery()
    received = receive(app, delivery)
    reply = _in_words(received.answer)
    if reply is None:
        return _text(SUCCESS)
    answer = written(app, delivery, received.push, reply)
    kind = "application/json" if is_json(delivery.body) else "text/xml"
    return Response(answer, mimetype=kind)


def _in_words(answer: Answer | None) -> Reply | None:
    """None where there is nothing to say."""
    if not isinstance(answer, Heard):
        return answer
    text = follow_chat.chat_text(answer)
    return Text(text, answer.at) if text else None


@bp.errorhandler(WxloginError)
def _without_a_word(error: WxloginError) -> AnyResponse:
    """Who is not WeChat learns nothing; the log says why."""
    answer = refusal(error)
    answer.set_data(b"")
    answer.mimetype = "text/plain"
    return answer


def _app(name: str) -> App:
    for app in running().settings.apps:
        if app.name == name and app.token is not None:
            return app
    raise NotFound("no app of this name takes pushes")


def _delivery() -> Delivery:
    return Delivery(
        signed=Signed(_query("timestamp"), _query("nonce")),
        signature=_query("signature"),
        msg_signature=_query("msg_signature"),
        encrypt_type=_query("encrypt_type"),
        body=request.get_data(cache=False),
        query=request.query_string.decode("latin-1"),
    )


def _query(name: str) -> str:
    """A parameter of the address; empty where it is missing.

    Raises PushRefused where it comes twice: two readers might read another one each.
    """
    given = request.args.getlist(name)
    if len(given) > 1:
        raise PushRefused("a doubled parameter")
    return given[0] if given else ""


def _text(body: bytes) -> Response:
    return Response(body, mimetype="text/plain")
