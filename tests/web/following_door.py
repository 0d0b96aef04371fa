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
    """`/login/follow` in a browser."""

    browser: Browser
    address: str = AT_HOME
    ticket: str = ""

    def opens(self, next_url: str = "/orders", **wishes: str) -> TestResponse:
        query = {"next": next_url, **wishes}
        answer = self._at(self.browser.get, "/login/follow", query_string=query)
        if answer.status_code == 200:
            self.ticket = re.search(r'data-ticket="([\w-]{22})"', answer.text)[1]
        return answer

    def looks(self, what: str) -> TestResponse:
        path = f"/login/follow/{self.ticket}/{what}"
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
        path = f"/login/follow/{self.ticket}/claim"
        return self._at(self.browser.post, path, headers=AS_A_SCRIPT)

    def _at(self, send, path: str, **more: object) -> TestResponse:
        return send(path, environ_base={"REMOTE_ADDR": self.address}, **more)


class Follower:
    """Somebody with WeChat: scans what is on show, reads the chat, taps the link."""

    def __init__(self, wechat: Post, app: Flask, person: str = "xiaoming") -> None:
        self.wechat, self.person, self.address = wechat, person, AT_HOME
        self.phone = Phone(wechat.simulator, person)
        self.browser = Browser(app)
        self.browser.headers = {"User-Agent": WECHAT_IPHONE, **ENGLISH}

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
        """The link of the chat, by way of WeChat where that is asked."""
        answer = self.gets(link or self.link)
        if answer.status_code == 302:
            back = self.phone.opens(Started.at(answer.location))
            answer = self.gets(back)
        if answer.status_code == 303:
            answer = self.gets(answer.location)
        return answer

    def gets(self, url: str) -> TestResponse:
        parts = urlsplit(url)
        where = {"REMOTE_ADDR": self.address}
        return self.browser.get(f"{parts.path}?{parts.query}", environ_base=where)

    def answers(self, step: str, page: FollowPage, number: str = "") -> TestResponse:
        path = f"/login/follow/{page.ticket}/phone/{step}"
        where, data = {"REMOTE_ADDR": self.address}, {"number": number}
        return self.browser.post(path, data=data, environ_base=where)

    def signs_in(self, page: FollowPage, event: str = "SCAN") -> None:
        self.scans(page, event)
        assert self.taps().status_code == 200
        assert self.answers("confirm", page).status_code == 303
        assert page.claims().get_json() == {"next": "/orders"}
