"""What deploy/ holds: the programs it is for take it, and it names what is there.

No container engine is here: the image's steps run as a script (test_wheel.py), Compose
and Kubernetes files are read, and what they name is looked for.
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from tests.integration.proxies import needed
from tests.support.databases import NoServer, postgresql_url
from wxlogin import create_app
from wxlogin.config import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KEY = "8d2f6b1c9e4a7035f1b8c6d2e9a4073b5d1f8e6c2a9b4d7013f6e8c5b2a9d407"


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def documents(name: str) -> list[Any]:
    return [one for one in yaml.safe_load_all(text_of(name)) if one]


def runs(*command: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


def test_every_setting_that_is_named_there_is():
    named = set()
    for file in filter(Path.is_file, DEPLOY.rglob("*")):
        if file.suffix == ".pyc":
            continue
        named |= set(re.findall(r"WXLOGIN_([A-Z_]+)", file.read_text("utf-8")))
    named = {name.removesuffix("_FILE") for name in named} - {"INSTANCE", "WORKER"}
    assert named
    assert {name.lower() for name in named} - set(Settings.model_fields) == set()


@pytest.mark.parametrize(
    "script", sorted((DEPLOY / "cluster").iterdir()), ids=lambda script: script.stem
)
def test_a_cluster_is_started_in_a_folder_of_its_own(script, tmp_path):
    """What they start and break is tried by tests.proof.cluster."""
    (tmp_path / "kept").touch()
    for words in ((), ("start", tmp_path), ("dance", tmp_path)):
        refused = runs("sh", script, *words)
        assert refused.returncode == 1 + (not words)
        assert refused.stderr.count("\n") == 1
    assert (tmp_path / "kept").exists()


def test_the_settings_are_taken_once_the_blanks_are_filled(tmp_path):
    text = text_of("wxlogin.toml")
    assert tomllib.loads(text)["secret_key"] == ""
    text = text.replace('secret_key = ""', f'secret_key = "{KEY}"')
    key = "3q2+7wABr1RkV9mCzX8yQbJ5nWtLhGfUe4sDi6oPaKM="
    text = text.replace('encryption_keys = [""]', f'encryption_keys = ["{key}"]')
    text = text.replace("wx0123456789abcdef", "wx9f27c1d04be8365a")
    text = text.replace(
        '\nsecret = ""', '\nsecret = "c81e728d9d4c2f636f067f89cc14862c"'
    )
    file = tmp_path / "wxlogin.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    settings = load_settings(tmp_path)
    assert settings.public_url == "https://login.shop.example"
    assert settings.trusted_proxies == 1
    assert settings.env == "production"


def test_systemd_takes_the_unit(tmp_path):
    stand_in = tmp_path / "wxlogin"
    stand_in.write_text("#!/bin/sh\n")
    stand_in.chmod(0o700)
    unit = tmp_path / "wxlogin.service"
    text = text_of("wxlogin.service")
    assert text.count("=/opt/wxlogin/bin/wxlogin ") == 2
    unit.write_text(text.replace("/opt/wxlogin/bin/wxlogin", str(stand_in)))
    parsed = ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment]
    parsed.read(unit, "utf-8")
    assert parsed.sections() == ["Unit", "Service", "Install"]
    # Where systemd is not, reading it is all that can be done.
    if program := shutil.which("systemd-analyze"):
        done = runs(program, "verify", "--man=no", unit)
        assert (done.returncode, done.stderr) == (0, "")


def test_nginx_takes_the_site(tmp_path):
    search = f"{os.environ['PATH']}:/usr/sbin"
    program = needed(shutil.which("nginx", path=search), "nginx", "nginx-light")
    openssl = needed(shutil.which("openssl"), "openssl", "openssl")
    runs(
        *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
        *("-subj", "/CN=login.shop.example"),
        *("-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"),
        check=True,
    )
    site = text_of("nginx.conf")
    site = site.replace("/etc/letsencrypt/live/login.shop.example", str(tmp_path))
    # A test listens nowhere below 1024, and binds its ports.
    site = site.replace("listen 80", "listen 127.0.0.1:18080")
    site = site.replace("listen 443", "listen 127.0.0.1:18443")
    site = re.sub(r"    listen \[::\].*\n", "", site)
    main = (
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n"
    )
    (tmp_path / "nginx.conf").write_text(main + site + "}\n")
    done = runs(program, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile.compose"])
def test_caddy_takes_the_site(tmp_path, name):
    program = needed(shutil.which("caddy"), "Caddy", "caddy")
    folders = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(tmp_path))
    file = ("--config", DEPLOY / name, "--adapter", "caddyfile")
    done = runs(program, "validate", *file, env=os.environ | folders)
    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr


def test_the_image_has_what_it_copies_and_the_context_lets_it_in():
    let_in = {
        line.removeprefix("!").strip("/")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    for name in let_in:
        assert (ROOT / name).exists(), name
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    built = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {*built, "wxlogin", "pyproject.toml", "requirements.txt", "README.md"}
    wanted |= {"LICENSE", "deploy/install.sh", "deploy/build-requirements.txt"}
    assert wanted <= let_in
    assert not {name for name in let_in if name.startswith("instance")}


def test_compose_names_what_it_defines():
    [compose] = documents("compose.yaml")
    services, secrets = compose["services"], compose["secrets"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service.get("secrets", ())) <= set(secrets)
        for name in service.get("environment", {}).values():
            if name.startswith("/run/secrets/"):
                assert name.rpartition("/")[2] in service["secrets"]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            here = source.startswith("./") and (DEPLOY / source).is_file()
            assert here or source in compose["volumes"]
    assert (DEPLOY / services["wxlogin"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / services["wxlogin"]["build"]["dockerfile"]).is_file()
    assert services["upgrade"]["command"] == ["db", "upgrade"]


def test_kubernetes_asks_addresses_that_answer(tmp_path):
    client = create_app(load_settings(tmp_path, simulator="on")).test_client()
    deployment, service, budget, ingress = documents("kubernetes.yaml")
    kinds = [one["kind"] for one in (deployment, service, budget, ingress)]
    assert kinds == ["Deployment", "Service", "PodDisruptionBudget", "Ingress"]
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    assert labels == deployment["spec"]["selector"]["matchLabels"]
    assert labels == service["spec"]["selector"]
    assert labels == budget["spec"]["selector"]["matchLabels"]
    [container] = pod["spec"]["containers"]
    [port] = container["ports"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container[probe]["httpGet"]
        assert asked["port"] == port["name"]
        # kubelet names the pod's number as the host.
        answer = client.get(asked["path"], headers={"Host": "10.0.0.7:5000"})
        assert answer.status_code in (200, 503)
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    for one in (container, *pod["spec"]["initContainers"]):
        assert {mount["name"] for mount in one["volumeMounts"]} == volumes


@pytest.fixture
def emptied() -> Iterator[str]:
    try:
        with postgresql_url() as url:
            yield url
    except NoServer as problem:
        needed(None, "PostgreSQL", f"postgresql ({problem})")


def script(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return runs("/bin/sh", DEPLOY / name, *arguments)


def test_a_sqlite_file_comes_back_while_somebody_writes(tmp_path):
    database, kept = tmp_path / "wxlogin.db", tmp_path / "kept.db"
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE users (uid TEXT)")
        writer.execute("INSERT INTO users VALUES ('小明')")
        done = script("backup.sh", database, kept)
        assert (done.returncode, done.stderr) == (0, "")
        assert kept.stat().st_mode & 0o777 == 0o600
        assert script("backup.sh", database, kept).returncode == 1
        writer.execute("DELETE FROM users")
    assert script("restore.sh", kept, database).returncode == 0
    assert database.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(database)) as reader:
        assert reader.execute("SELECT uid FROM users").fetchall() == [("小明",)]
    before = (tmp_path / "wxlogin.db.before").read_bytes()
    # Another try puts another one aside, and leaves what there was first.
    assert script("restore.sh", kept, database).returncode == 0
    assert (tmp_path / "wxlogin.db.before").read_bytes() == before
    assert (tmp_path / "wxlogin.db.before2").read_bytes() == kept.read_bytes()


def test_a_path_may_hold_what_means_something_in_an_address(tmp_path):
    folder = tmp_path / "50%41?mode=memory#1"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "wxlogin.db")) as writer:
        writer.execute("CREATE TABLE users (uid TEXT)")
    done = script("backup.sh", folder / "wxlogin.db", folder / "kept.db")
    assert (done.returncode, done.stderr) == (0, "")
    with closing(sqlite3.connect(folder / "kept.db")) as reader:
        assert reader.execute("SELECT count(*) FROM users").fetchone() == (0,)


@pytest.mark.parametrize(
    ("unsound", "told"), [(True, "NULL value in users.uid"), (False, "not a database")]
)
def test_what_is_no_sound_database_leaves_no_backup(tmp_path, unsound, told):
    database, kept = tmp_path / "wxlogin.db", tmp_path / "kept.db"
    if unsound:
        with closing(sqlite3.connect(database, isolation_level=None)) as writer:
            writer.execute("CREATE TABLE users (uid TEXT)")
            writer.execute("INSERT INTO users VALUES (NULL), (NULL)")
            writer.execute("PRAGMA writable_schema = ON")
            now = "CREATE TABLE users (uid TEXT NOT NULL)"
            writer.execute("UPDATE sqlite_master SET sql = ?", [now])
    else:
        database.write_text("no database at all\n" * 100)
    done = script("backup.sh", database, kept)
    assert done.returncode == 1
    assert told in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["wxlogin.db"]


def test_what_is_not_there_is_no_backup(tmp_path):
    done = script("backup.sh", tmp_path / "wxlogin.db", tmp_path / "kept.db")
    assert (done.returncode, done.stderr) == (1, f"there is no {tmp_path}/wxlogin.db\n")
    assert list(tmp_path.iterdir()) == []


def test_a_postgresql_database_comes_back(emptied, tmp_path):
    needed(shutil.which("pg_dump"), "pg_dump", "postgresql-client")
    kept = tmp_path / "kept.dump"
    engine = sa.create_engine(emptied)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE users (uid TEXT)"))
        connection.execute(sa.text("INSERT INTO users VALUES ('小明')"))
    done = script("backup.sh", emptied, kept)
    assert (done.returncode, done.stderr) == (0, "")
    assert kept.stat().st_mode & 0o777 == 0o600
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE users"))
    done = script("restore.sh", kept, emptied)
    assert (done.returncode, done.stderr) == (0, "")
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT uid FROM users")).all() == [("小明",)]
    engine.dispose()
