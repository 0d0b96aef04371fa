"""Real proxies, set up as docs/protecting.md says but for ports and folders."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, request

from tests.cli.commands import get

DOCUMENT = Path(__file__).parents[2] / "docs" / "protecting.md"
FORGED = {
    "X-Wxlogin-Uid": "forged",
    "X-Wxlogin-Name": "forged",
    "X-Wxlogin-External-Id": "forged",
}
_NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
# All that nginx writes stays in the test's folder.
_MAIN = """
pid nginx.pid;
error_log error.log;
events {}
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  %s
  %s
}
"""
# No certificates, and nothing outside of the test's folder.
_GLOBAL = "{\n\tadmin off\n\tauto_https off\n}\n"


def backend() -> Flask:
    """An application that says which of our headers it got."""
    app = Flask("backend")

    @app.get("/app/<path:page>")
    def echo(page: str) -> dict[str, str]:
        return {name: request.headers.get(name, "-") for name in FORGED}

    return app


def documented(language: str, changes: Mapping[str, str]) -> str:
    """The configuration in the document, with other ports and folders."""
    pattern = rf"```{language}\n(.*?)```"
    (block,) = re.findall(pattern, DOCUMENT.read_text("utf-8"), re.S)
    for written, meant in changes.items():
        assert written in block
        block = block.replace(written, meant)
    return block


@contextmanager
def nginx(
    folder: Path, origin: str, changes: Mapping[str, str], *, before: str = ""
) -> Iterator[None]:
    """nginx at this origin; `before` stands in its `http` block in front of ours."""
    program = needed(_NGINX, "nginx", "nginx-light")
    folder.mkdir()
    here = {
        "listen 443 ssl;": f"listen {origin.partition('://')[2]};",
        "include fastcgi_params;": "include /etc/nginx/fastcgi_params;",
    }
    server = documented("nginx", {**here, **changes})
    (folder / "nginx.conf").write_text(_MAIN % (before, server), "utf-8")
    (folder / "wxlogin_headers").write_text(documented("nginx-headers", {}), "utf-8")
    where = ["-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
    how = ["-g", "daemon off; master_process off;"]
    with running([program, *where, *how], f"{origin}/wx/healthz"):
        yield


@contextmanager
def caddy(folder: Path, origin: str, changes: Mapping[str, str]) -> Iterator[None]:
    """Caddy at this origin."""
    program = needed(shutil.which("caddy"), "Caddy", "caddy")
    folder.mkdir()
    text = documented("caddyfile", {"shop.example": origin, **changes})
    if _is_2_6(program):
        text = text.replace("request_buffers 64KiB", "buffer_requests")
    file = folder / "Caddyfile"
    file.write_text(_GLOBAL + text, "utf-8")
    command = [program, "run", "--config", str(file), "--adapter", "caddyfile"]
    folders = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    with running(command, f"{origin}/wx/healthz", environment=folders):
        yield


def _is_2_6(program: str) -> bool:
    """Debian's; what the documents print is for later ones."""
    done = subprocess.run([program, "version"], capture_output=True, text=True)
    return done.stdout.lstrip("v").startswith("2.6")


def needed(program: str | None, name: str, package: str) -> str:
    """The program, or a skipped test; in CI a failed one."""
    if program is not None:
        return program
    message = f"{name} is missing; install it with: apt-get install {package}"
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(message)
    raise AssertionError


@contextmanager
def running(
    command: list[str],
    at: str | int,
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    quiet: bool = False,
) -> Iterator[None]:
    """The program while the block runs, from when it answers at a URL or on a port."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | (environment or {}),
        stderr=subprocess.DEVNULL if quiet else None,
    )
    try:
        _wait_for(at, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(at: str | int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(400):
        assert process.poll() is None, "the program has ended"
        try:
            if isinstance(at, int):
                socket.create_connection(("127.0.0.1", at), timeout=1).close()
            else:
                get(at)
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the program does not answer")
