"""Other people's clients, the newest of PyPI and npm and as they are, at WeChat's real
names in a sealed network: what each can do, and what its links need to be let through.

    python -m tests.proof.clients [FOLDER]

They are installed in FOLDER if it is given (it stays, and is used again). A line for
each: version, QR code, page inside WeChat, tokens, user info, pushes; `none` is what a
client has not. docs/simulator.md has the table.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from tests.proof import environments

HERE = Path(__file__).with_name("strangers")
PYTHON = (
    "wechatpy[cryptography]",
    "social-auth-core",
    "django-allauth[socialaccount]",
    "weixin-python",
    "flask-wx-oauth",
    # What weixin-python needs for messages, and the shop that is pushed to.
    "lxml",
    "flask",
)
NODE = (
    "passport-wechat",
    "better-auth",
    "@auth/core",
    "node-easywechat",
    # The newest of it lacks a file that node-easywechat 3.6.2 loads.
    "node-socialite@1.4.1",
    "co-wechat-api",
)
CLIENTS = 10
WHAT = ("qr", "h5", "token", "user_info", "push")


def prove(folder: Path | None = None) -> bool:
    """Prints a line for each; True if all could do what they have."""
    print("Other people's clients at WeChat's real names, in a sealed network")
    with ExitStack() as stack:
        kept = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if missing := _install(kept):
            print(f"  not run: {missing}")
            return False
        script = str(HERE / "in_python.py")
        found = sealed(str(kept / "python/bin/python"), script)
        found += sealed("node", str(HERE / "in_node.mjs"), str(kept / "node"))
    for one in found:
        told = (f"{name}: {one.get(name, 'none')}" for name in WHAT)
        print(f"  {one['client']:17}{one['version']:8}", " · ".join(told), flush=True)
    good = len(found) == CLIENTS
    return good and not any("FAILED" in word for one in found for word in one.values())


def sealed(*command: str, way: str = "namespaces") -> list[dict[str, str]]:
    """What a script of strangers says below `wechat-simulator run`."""
    with tempfile.TemporaryDirectory() as folder:
        authority = ["--ca-file", f"{folder}/ca.pem"]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "wxlogin.simulator", "run", *authority),
                *("--way", way, "--", *command),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    if done.returncode:
        print(done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines()]


def _install(folder: Path) -> str:
    """Makes both environments where there are none; what is in the way, or nothing."""
    if environments.is_made(folder):
        return ""
    if shutil.which("npm") is None:
        return "npm is missing"
    python, node = folder / "python", folder / "node"
    node.mkdir(parents=True, exist_ok=True)
    (node / "package.json").write_text('{"private": true}')
    steps: Sequence[Sequence[str]] = (
        [sys.executable, "-m", "venv", str(python)],
        [str(python / "bin/pip"), "install", "-q", *PYTHON],
        ["npm", "install", "--silent", "--ignore-scripts", *NODE],
    )
    return environments.make(folder, steps, at=node)


if __name__ == "__main__":
    sys.exit(not prove(*(Path(word).resolve() for word in sys.argv[1:2])))
