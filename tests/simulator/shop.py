"""A website on 127.0.0.1, another site than the simulator, for real browsers."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, quote, urlsplit

import requests

from wxlogin.simulator.server import SimulatorServer

from .conftest import OA, WEB


class Shop:
    """A website on 127.0.0.1 that embeds the code and notes how people come back."""

    def __init__(self, simulator: SimulatorServer) -> None:
        self.simulator = simulator
        self.appid, self.secret = WEB, "secret-of-web"
        self.visits: list[str] = []
        self.page = ""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/cb"):
                    shop.receives(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                home = shop.page if self.path == "/" else "<h1>back</h1>"
                self.wfile.write(home.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def qr_link(self, callback: str = "/cb", **more: str) -> str:
        query = {
            "appid": WEB,
            "scope": "snsapi_login",
            "redirect_uri": self.url + callback,
            "state": "S1",
        } | more
        pairs = [f"{k}={quote(v, safe='')}" for k, v in query.items()]
        return f"{self.simulator.url}/connect/qrconnect?{'&'.join(pairs)}"

    def consent_link(self, callback: str = "/cb", **more: str) -> str:
        """The link of its page inside WeChat."""
        query = {
            "appid": OA,
            "redirect_uri": self.url + callback,
            "response_type": "code",
            "scope": "snsapi_userinfo",
            "state": "S1",
        } | more
        pairs = [f"{k}={quote(v, safe='')}" for k, v in query.items()]
        path = "/connect/oauth2/authorize"
        return f"{self.simulator.url}{path}?{'&'.join(pairs)}#wechat_redirect"

    def embeds(self, **options: object) -> None:
        """The shop's home page has WeChat's widget in it."""
        given = {
            "id": "box",
            "appid": WEB,
            "scope": "snsapi_login",
            "redirect_uri": quote(self.url + "/cb", safe=""),
            "state": "S1",
        } | options
        script = f"{self.simulator.url}/connect/zh_CN/htmledition/js/wxLogin.js"
        self.page = f"""<!DOCTYPE html><div id="box"></div>
            <script src="{script}"></script><script>
            var options = {json.dumps(given)};
            options.onReady = function (ready) {{ window.ready = ready; }};
            new WxLogin(options);</script>"""

    def receives(self, path: str) -> None:
        """A visitor comes back; the shop exchanges the code, if there is one."""
        self.visits.append(path)
        code = parse_qs(urlsplit(path).query).get("code")
        if code:
            params = {
                "appid": self.appid,
                "secret": self.secret,
                "code": code[0],
                "grant_type": "authorization_code",
            }
            with requests.Session() as http:
                http.trust_env = False
                url = f"{self.simulator.url}/sns/oauth2/access_token"
                http.get(url, params=params, timeout=10)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
