"""A network in which WeChat's names exist and nothing else: Linux's namespaces.

The program `unshare` begins a command in namespaces of its own, where the system lets
this user. Inside, loopback is the only network, the hosts file leads WeChat's names to
it, and the system's list of authorities has one more; all of it for the command and
what it starts, until they end.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import hosts
from .trust import SYSTEM_LISTS

# linux/sockios.h and linux/if.h.
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def is_allowed() -> bool:
    """Whether this system gives this user namespaces."""
    if sys.platform != "linux" or not all(map(shutil.which, ("unshare", "mount"))):
        return False
    return _does([*_unshare(), "true"]) == ""


def enter(words: Sequence[str]) -> None:
    """Become `python -m` of this package with `words`, inside; does not return."""
    python = [sys.executable, "-P", "-m", __package__ or ""]
    sys.stdout.flush()
    os.execvp("unshare", [*_unshare(), *python, *words])  # noqa: S606, S607 - no shell


def _unshare() -> list[str]:
    # Root in a user namespace of one's own: over the network and mounts made here.
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *own, "--net", "--mount"]


def caller() -> str:
    """Who called, for `as_caller` inside."""
    return f"{os.geteuid()}:{os.getegid()}"


def as_caller(who: str, command: Sequence[str]) -> list[str]:
    """`command` as who called, and not as root: servers and browsers refuse that."""
    uid, _, gid = who.partition(":")
    if uid == "0":
        return [*command]
    back = ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid}", "--"]
    return [*back, *command]


def furnish(folder: Path, everybody: Path, sites: Iterable[str]) -> None:
    """Make the network inside: loopback up, names, authorities. Raises OSError.

    `folder` takes the files, `everybody` is the list of authorities, `sites` are names
    of the program's own that lead here, too.
    """
    _raise_loopback()
    names = " ".join(["localhost", socket.gethostname(), *hosts.NAMES, *sites])
    _cover("/etc/hosts", folder, f"127.0.0.1 {names}\n::1 localhost\n")
    # For programs that ask a server themselves: nobody answers there, at once.
    _cover("/etc/resolv.conf", folder, "nameserver 127.0.0.1\n")
    _cover("/etc/nsswitch.conf", folder, _file_names_only())
    for place in {os.path.realpath(name) for name in SYSTEM_LISTS}:
        if os.path.isfile(place):
            _mount(everybody, place)


def _raise_loopback() -> None:
    with socket.socket() as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, request)
        flags = struct.unpack("16sh14x", answer)[1] | _IFF_UP
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags))


def _file_names_only() -> str:
    try:
        lines = Path("/etc/nsswitch.conf").read_text().splitlines()
    except OSError:
        lines = []
    kept = [line for line in lines if not line.lstrip().startswith("hosts:")]
    return "\n".join([*kept, "hosts: files", ""])


def _cover(place: str, folder: Path, text: str) -> None:
    place = os.path.realpath(place)
    if not os.path.isfile(place):
        return
    file = folder / os.path.basename(place)
    file.write_text(text)
    file.chmod(0o644)
    _mount(file, place)


def _mount(file: Path, place: str) -> None:
    problem = _does(["mount", "--bind", str(file), place])
    if problem:
        raise OSError(f"{place}: {problem}")


def _does(words: Sequence[str]) -> str:
    """What a program of the system complains of; empty where it did its work."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - words of ours
    return "" if done.returncode == 0 else done.stderr.strip() or words[0]
