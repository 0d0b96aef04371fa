"""A page with an official account's code, and a person who scans and follows."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.journey import ENGLISH, Browser, Phone, Started
from tests.support.user_agents import WECHAT_IPHONE
from tests.web.pushes import Post
from tests.web.scanning import AS_A_SCRIPT, AT_HOME


@dataclass
class FollowPage:
    """`/login/follow`, or another door's page with a code, in a browser."""

    browser: Browser
    address: str = AT_HOME
    ticket: str = ""
    door: str = "follow"

    def opens(self, next_url: str = "/orders", **wishes: str) -> TestResponse:
        query = {"next": next_url, **wishes}
        answer = self._at(self.browser.get, f"/login/{self.door}", query_string=query)
        if answer.status_code == 200:
            self.ticket = re.search(r'data-ticket="([\w-]{22})"', answer.text)[1]
        return answer

    def looks(self, what: str) -> TestResponse:
        path = f"/login/{self.door}/{self.ticket}/{what}"
        return self._at(self.browser.get, path, headers=AS_A_SCRIPT)

    @property
    def told(self) -> dict:
        answer = self.looks("state")
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    @property
    def state(self) -> str:
        return self.told["state"]

    def claims(self) -> TestResponse:
        path = f"/login/{self.door}/{self.ticket}/claim"
        return self._at(self.browser.post, path, headers=AS_A_SCRIPT)

    def _at(self, send, path: str, **more: object) -> TestResponse:
        return send(path, environ_base={"REMOTE_ADDR": self.address}, **more)


class PhoneInHand:
    """Somebody whose WeChat opens a page of ours, by way of WeChat where that asks."""

    def __init__(self, simulator, app: Flask, person: str = "xiaoming") -> None:
        self.person, self.address = person, AT_HOME
        self.phone = Phone(simulator, person)
        self.browser = Browser(app)
        self.browser.headers = {"User-Agent": WECHAT_IPHONE, **ENGLISH}

    def opens(self, link: str) -> TestResponse:
        answer = self.gets(link)
        while answer.status_code in (302, 303):
            place = answer.location
            if "/connect/oauth2/authorize" in place:
                place = self.phone.opens(Started.at(place))
            answer = self.gets(place)
        return answer

    def gets(self, url: str) -> TestResponse:
        parts = urlsplit(url)
        where = {"REMOTE_ADDR": self.address}
        return self.browser.get(f"{parts.path}?{parts.query}", environ_base=where)

    def answers(self, step: str, page: FollowPage, number: str = "") -> TestResponse:
        path = f"/login/{page.door}/{page.ticket}/phone/{step}"
        where, data = {"REMOTE_ADDR": self.address}, {"number": number}
        return self.browser.post(path, data=data, environ_base=where)


class Follower(PhoneInHand):
    """Somebody with WeChat: scans what is on show, reads the chat, taps the link."""

    def __init__(self, wechat: Post, app: Flask, person: str = "xiaoming") -> None:
        super().__init__(wechat.simulator, app, person)
        self.wechat = wechat

    def scans(self, page: FollowPage, event: str = "SCAN") -> TestResponse:
        return self.wechat.pushes(event, self.person, key=page.ticket)

    @property
    def chat(self) -> list[str]:
        """What the account has said."""
        world = self.wechat.simulator.world
        lines = world.pushes.chat(world.registry.app(self.wechat.name), self.person)
        return [line["text"] for line in lines if line["from"] == "account"]

    @property
    def link(self) -> str:
        return re.search(r"^https?://\S+$", self.chat[-1], re.M)[0]

    def taps(self, link: str = "") -> TestResponse:
        """The link of the chat."""
        return self.opens(link or self.link)

    def signs_in(self, page: FollowPage, event: str = "SCAN") -> None:
        self.scans(page, event)
        assert self.taps().status_code == 200
        assert self.answers("confirm", page).status_code == 303
        assert page.claims().get_json() == {"next": "/orders"}
