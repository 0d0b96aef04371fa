"""A real Apache with mod_auth_openidc in front of one page, in a folder of its own."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODULES = Path("/usr/lib/apache2/modules")
NEEDED = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_openidc",
    "dir",
    "mime",
)
MISSING = (
    "Apache's mod_auth_openidc is missing; install it with: "
    "apt-get install apache2-bin libapache2-mod-auth-openidc"
)

CONFIGURATION = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {folder}/pid
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:info
TypesConfig /dev/null
{user}
{modules}
DocumentRoot {folder}/pages

OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret "{client_secret}"
OIDCRedirectURI http://localhost:{port}/callback
OIDCScope "openid profile"
OIDCPKCEMethod S256
OIDCCryptoPassphrase apaches-own-passphrase
OIDCInfoHook access_token id_token userinfo refresh_token session
OIDCRefreshAccessTokenBeforeExpiry 30
<Location />
  Require all granted
</Location>
<Location /inside>
  AuthType openid-connect
  Require valid-user
</Location>
<Location /callback>
  AuthType openid-connect
  Require valid-user
</Location>
"""


def program() -> str | None:
    """Apache, where it and the module are installed."""
    found = shutil.which("apache2") or shutil.which("apache2", path="/usr/sbin")
    there = (MODULES / "mod_auth_openidc.so").exists()
    return found if there else None


@contextmanager
def folder_for(
    *, port: int, issuer: str, client_id: str, client_secret: str
) -> Iterator[Path]:
    """A folder with everything Apache needs, that its own user may read."""
    folder = Path(tempfile.mkdtemp(prefix="wxlogin-apache-"))
    folder.chmod(0o755)
    for name, text in (("inside", "inside"), ("bye", "bye")):
        page = folder / "pages" / name / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(text)
    text = CONFIGURATION.format(
        folder=folder,
        port=port,
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        user=_user(),
        modules="\n".join(
            f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED
        ),
    )
    (folder / "apache.conf").write_text(text)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _user() -> str:
    """Apache started by root wants to be somebody else."""
    if os.geteuid() != 0:
        return ""
    name = "www-data" if _is_known("www-data") else "nobody"
    return f"User {name}"


def _is_known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
