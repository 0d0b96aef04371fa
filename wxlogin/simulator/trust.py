"""What a program under test is told, in its environment and in files beside it.

Each language asks for authorities in its own way: Python, Go, Ruby and OpenSSL read
SSL_CERT_FILE, requests and curl a variable of their own, Node adds one to its list, PHP
wants a line of php.ini, and Java a store of its own form.
"""

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from . import hosts
from .authority import Authority

#: The system's list of authorities, where Debian, Fedora, SUSE and Alpine have it.
SYSTEM_LISTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
#: The usual one, and no secret: the store holds a certificate.
_STORE_PASSWORD = "changeit"  # noqa: S105
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "no_proxy")


def trusting(
    environ: Mapping[str, str], authority: Authority, folder: Path
) -> dict[str, str]:
    """`environ` for a program that trusts `authority`, and uses nobody's proxy.

    Writes what the variables name into `folder`.
    """
    ca = authority.certificate.public_bytes(serialization.Encoding.PEM)
    alone, everybody = folder / "ca.pem", folder / "everybody.pem"
    alone.write_bytes(ca)
    everybody.write_bytes(_system_list() + b"\n" + ca)
    kept = {k: v for k, v in environ.items() if k.lower() not in _PROXIES}
    both = (
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "GIT_SSL_CAINFO",
    )
    return (
        kept
        | dict.fromkeys(both, str(everybody))
        | {"NODE_EXTRA_CA_CERTS": str(alone), "DENO_CERT": str(alone)}
        | {"PHP_INI_SCAN_DIR": _php(environ, folder, everybody)}
        | {"JAVA_TOOL_OPTIONS": _java(environ, folder, authority)}
    )


def proxied(environ: Mapping[str, str], port: int) -> dict[str, str]:
    """`environ` for a program that shall use the proxy on `port` of this machine."""
    address, near = f"http://127.0.0.1:{port}", "localhost,127.0.0.1,::1"
    both = {"https_proxy": address, "http_proxy": address, "no_proxy": near}
    java = (
        f"-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort={port} "
        f"-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={port}"
    )
    options = f"{environ.get('JAVA_TOOL_OPTIONS', '')} {java}".strip()
    return (
        dict(environ)
        | both
        | {name.upper(): value for name, value in both.items()}
        # Node from 24 on; what is older takes no proxy from a variable.
        | {"NODE_USE_ENV_PROXY": "1", "JAVA_TOOL_OPTIONS": options}
    )


def past_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """What keeps a program from asking somebody's proxy for WeChat's names."""
    near = filter(None, [environ.get("NO_PROXY"), *hosts.NAMES, "localhost"])
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(near))


def chromium(authority: Authority, port: int, written: int = 443) -> list[str]:
    """Options by which Chromium finds WeChat on `port` of this machine, and trusts it.

    `written` is the port in WeChat's addresses. The last one is heeded only beside a
    `--user-data-dir`.
    """
    here = f"127.0.0.1:{port}"
    rules = ",".join(f"MAP {name}:{written} {here}" for name in hosts.NAMES)
    return [
        f"--host-resolver-rules={rules}",
        f"--ignore-certificate-errors-spki-list={authority.pin}",
    ]


def _system_list() -> bytes:
    found = ssl.get_default_verify_paths().cafile
    for name in (found, *SYSTEM_LISTS):
        if name and os.path.isfile(name):
            return Path(name).read_bytes()
    return b""


def _php(environ: Mapping[str, str], folder: Path, everybody: Path) -> str:
    place = folder / "php"
    place.mkdir(exist_ok=True)
    lines = f'curl.cainfo="{everybody}"\nopenssl.cafile="{everybody}"\n'
    (place / "ca.ini").write_text(lines)
    # Nothing before the colon stands for the folder that PHP was built with.
    return f"{environ.get('PHP_INI_SCAN_DIR', '')}:{place}"


def _java(environ: Mapping[str, str], folder: Path, authority: Authority) -> str:
    store = folder / "java.p12"
    trusted = pkcs12.PKCS12Certificate(authority.certificate, b"wechat-simulator")
    secrecy = serialization.BestAvailableEncryption(_STORE_PASSWORD.encode())
    store.write_bytes(pkcs12.serialize_java_truststore([trusted], secrecy))
    options = (
        f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStoreType=PKCS12 "
        f"-Djavax.net.ssl.trustStorePassword={_STORE_PASSWORD}"
    )
    return f"{environ.get('JAVA_TOOL_OPTIONS', '')} {options}".strip()
