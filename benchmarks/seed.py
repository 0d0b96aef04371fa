"""Tickets of browsers that wait for a phone, for a benchmark of the waiting.

    python benchmarks/seed.py tickets 10000 events    makes them, a line of JSON each
    python benchmarks/seed.py mark                    has phones scan them

The settings are the service's own, from the environment. The lines name an address, of
`events` or for who asks of `state`, and the browser's cookie. `mark` runs beside the
service and finds them in the file TICKETS: it reads the number of a ticket, from 0, in
each line of its input, does what a phone's report does, and answers with a line.
"""

import json
import os
import sys
import time
from pathlib import Path

from wxlogin.factory import build
from wxlogin.flows import doors, pairing
from wxlogin.flows.pairing import Report, Scanner, Seen
from wxlogin.flows.redirect.attempt import Wish
from wxlogin.security.cookies import cookie_name
from wxlogin.service import running

_DOOR = doors.SCAN.name
_ADDRESS = "127.0.0.1"
_SCANNER = Scanner("wxbench", "openid-of-a-phone", "小明")


def make(number: int, what: str) -> None:
    settings = running().settings
    if settings.scan_program is None:
        sys.exit("APPS needs a mini program with a scan_page")
    name, app = cookie_name(settings, "scan"), settings.scan_program.name
    seen = Seen(_ADDRESS, "Chrome · Windows", time.time())
    for _ in range(number):
        _, new = pairing.begin(door=_DOOR, app=app, wish=Wish("/me"), seen=seen)
        path = f"/login/scan/{new.scene}/{what}"
        cookie = f"{name}={new.scene}~{new.secret}"
        print(json.dumps({"path": path, "cookie": cookie, "mark": None}))


def mark(lines: list[str]) -> None:
    scenes = [json.loads(line)["path"].split("/")[3] for line in lines]
    app = running().settings.scan_program
    name = app.name if app else ""
    for number in sys.stdin:
        found = pairing.of_phone(scenes[int(number)], door=_DOOR, app=name)
        pairing.scan(found, Report(_SCANNER, _ADDRESS))
        print("marked", flush=True)


if __name__ == "__main__":
    with build().app_context():
        if sys.argv[1] == "tickets":
            make(int(sys.argv[2]), sys.argv[3])
        else:
            mark(Path(os.environ["TICKETS"]).read_text().splitlines())
