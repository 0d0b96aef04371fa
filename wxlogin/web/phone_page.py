"""A page inside WeChat that asks who has a code on another screen.

    bp = phone_page.blueprint(doors.FOLLOW, follow, title)

WeChat is asked who opened it; then it shows what the browser was when it asked for the
code, and asks. Opening it confirms nothing: only the button does (security rows 71
and 79). What a door adds is in its flow: `Phone` says what that is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wxlogin.accounts.person import Person
from wxlogin.config import App
from wxlogin.errors import NotTheScanner, NumberWrong, OtherBrowser
from wxlogin.flows.doors import Door, Flow
from wxlogin.flows.pairing_ticket import Pairing, Stage
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.flows.redirect.begin import begin
from wxlogin.flows.redirect.proof import Proof
from wxlogin.service import running
from wxlogin.web import callers, limits, visitors
from wxlogin.web.attempts import to_wechat
from wxlogin.web.follow_chat import about
from wxlogin.web.held_proof import held_proof
from wxlogin.wechat.user_agents import Surroundings


class Phone(Protocol):
    """The phone's half of a door: flows/follow.py, flows/device.py."""

    def account(self, name: str) -> App: ...

    def of_phone(self, scene: str) -> Pairing: ...

    def may_answer(self, found: Pairing, person: Person) -> bool: ...

    def asks_first(self, found: Pairing, proof: Proof) -> Flow | None: ...

    def approach(self, found: Pairing, person: Person, *, address: str) -> Pairing: ...

    def confirm(
        self, found: Pairing, proof: Proof, *, address: str, number: str
    ) -> None: ...

    def refuse(self, found: Pairing, person: Person) -> None: ...


def blueprint(door: Door, phone: Phone, title: Callable[[object], str]) -> Blueprint:
    """The pages below /login/<door>/<ticket>/phone; `title` is the question, made of
    what people call the site."""
    name, views = f"{door.name}_phone", _Views(f"{door.name}_phone", phone, title)
    bp = Blueprint(name, __name__, url_prefix=f"/login/{door.name}/<ticket>/phone")
    bp.get("", endpoint="page")(views.page)
    bp.post("/confirm", endpoint="confirm")(views.confirm)
    bp.post("/refuse", endpoint="refuse")(views.refuse)
    return bp


@dataclass(frozen=True)
class _Views:
    name: str
    phone: Phone
    title: Callable[[object], str]

    def page(self, ticket: str) -> Response:
        """The question; before that, WeChat's word for who this is."""
        visitors.require_page()
        found = self._found(ticket)
        if not _in_wechat():
            return self._outside(found)
        person = self._person(found)
        if isinstance(person, Flow):
            wish = Wish(self._page_of(found))
            return to_wechat(begin(self.phone.account(found.app), person, wish))
        return self._asked(self._approached(found, person))

    def confirm(self, ticket: str) -> Response:
        """The person says yes."""
        found = self._found(ticket)
        proof, number = self._proven(found), _typed()
        place = callers.place()
        try:
            self.phone.confirm(found, proof, address=place, number=number)
        except NumberWrong:
            now = self._approached(self._found(ticket), proof.person)
            return self._asked(now, is_wrong=bool(number), status=NumberWrong.status)
        return redirect(self._page_of(found), 303)

    def refuse(self, ticket: str) -> Response:
        """The person says no."""
        found = self._found(ticket)
        self.phone.refuse(found, self._proven(found).person)
        return redirect(self._page_of(found), 303)

    def _found(self, ticket: str) -> Pairing:
        with limits.guessing():
            return self.phone.of_phone(ticket)

    def _approached(self, found: Pairing, person: Person) -> Pairing:
        return self.phone.approach(found, person, address=callers.place())

    def _person(self, found: Pairing) -> Person | Flow:
        """Who this browser has shown to be open in; or how WeChat is to say it.

        Raises NotTheScanner for somebody else, and OtherBrowser where the browser has
        lost what WeChat said.
        """
        proof = held_proof()
        if proof is not None and self.phone.may_answer(found, proof.person):
            return self.phone.asks_first(found, proof) or proof.person
        if "proven" not in request.args:
            return Flow.proof
        if proof is None:
            raise OtherBrowser("the browser has lost what WeChat said of it")
        if found.scanner is None:
            # `approach` says what is missing.
            return proof.person
        raise NotTheScanner("another person has scanned this code")

    def _proven(self, found: Pairing) -> Proof:
        """Raises NotTheScanner for who has not shown to be the one who scanned."""
        proof = held_proof()
        if proof is None or not self.phone.may_answer(found, proof.person):
            raise NotTheScanner("who asks has not shown to be who scanned")
        return proof

    def _page_of(self, found: Pairing) -> str:
        return url_for(f"{self.name}.page", ticket=found.key, proven=1)

    def _asked(
        self, found: Pairing, *, is_wrong: bool = False, status: int = 200
    ) -> Response:
        told = about(found)
        html = render_template(
            "phone/page.html",
            **told,
            question=self.title(told["site"]),
            confirm_url=url_for(f"{self.name}.confirm", ticket=found.key),
            refuse_url=url_for(f"{self.name}.refuse", ticket=found.key),
            state=found.state.value,
            wanted=found.is_distant,
            is_wrong=is_wrong and found.stage is Stage.scanned,
        )
        return Response(html, status, mimetype="text/html")

    def _outside(self, found: Pairing) -> Response:
        """For who scanned with a camera: only WeChat says who its people are."""
        settings = running().settings
        path = url_for(f"{self.name}.page", ticket=found.key)
        link = settings.public_url + path.removeprefix(settings.prefix)
        html = render_template("phone/outside.html", copied=link)
        return Response(html, mimetype="text/html")


def _in_wechat() -> bool:
    """Will WeChat say who this is? The simulated one is open in any desktop browser."""
    where = visitors.where()
    simulated = running().settings.simulated
    return where.in_wechat or (simulated and where is Surroundings.desktop)


def _typed() -> str:
    """The number, with the blanks and the full-width digits of people's keyboards."""
    text = request.form.get("number", "").strip()[:8]
    return str(int(text)) if text.isdecimal() else text
