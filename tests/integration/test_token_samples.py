"""The samples of docs/protecting.md that check the signed token, as they stand."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from flask import Flask

from tests.cli.commands import free_port
from tests.clients.conftest import node_modules
from tests.integration.conftest import Visitor
from tests.integration.proxies import documented

_ASKS = """
import { visitor } from './sample.mjs';
const said = [];
for (const token of JSON.parse(process.argv[2])) {
  said.push(await visitor(token).catch(() => null));
}
console.log(JSON.stringify(said));
"""


@pytest.fixture
def service_url(listen: Callable[..., int], service: Callable[..., Flask]) -> str:
    """Where the service is; it takes the port that its PUBLIC_URL names."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/wx"
    listen(service(public_url=url), port=port)
    return url


@pytest.fixture
def tokens(
    service_url: str, visitor_of: Callable[[str], Visitor], xiaoming
) -> tuple[str, ...]:
    """A good token, and three that are not."""
    visitor = visitor_of(service_url)
    visitor.signs_in(xiaoming, f"{service_url}/login?next=/wx/me")
    good = visitor.get("/auth").headers["X-Wxlogin-Token"]
    head, body, signature = good.split(".")
    unsigned = jwt.encode(
        {"sub": "forged", "aud": "127.0.0.1", "iss": service_url}, "", algorithm="none"
    )
    return (good, f"{head}.{body}.{signature[::-1]}", unsigned, "")


def _sample(language: str, service_url: str, audience: str) -> str:
    changes = {
        "https://shop.example/wx/oauth2/jwks": f"{service_url}/oauth2/jwks",
        "https://shop.example/wx": service_url,
        "shop.example": audience,
    }
    return documented(language, changes)


@pytest.mark.parametrize(("audience", "is_good"), [("127.0.0.1", True), ("b", False)])
def test_python(service_url: str, tokens, audience: str, is_good: bool):
    names: dict[str, Callable[[str], dict[str, str]]] = {}
    exec(_sample("python", service_url, audience), names)  # noqa: S102  the document's
    for number, token in enumerate(tokens):
        if number == 0 and is_good:
            assert names["visitor"](token)["name"] == "小明😀"
        else:
            with pytest.raises(jwt.PyJWTError):
                names["visitor"](token)


@pytest.mark.parametrize(("audience", "is_good"), [("127.0.0.1", True), ("b", False)])
def test_node(service_url: str, tokens, tmp_path: Path, audience: str, is_good: bool):
    modules = node_modules()
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "sample.mjs").write_text(_sample("js", service_url, audience), "utf-8")
    (tmp_path / "ask.mjs").write_text(_ASKS, "utf-8")
    done = subprocess.run(
        [shutil.which("node") or "node", "ask.mjs", json.dumps(tokens)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    said = json.loads(done.stdout)
    assert said[1:] == [None, None, None]
    assert (said[0] or {}).get("name") == ("小明😀" if is_good else None)
