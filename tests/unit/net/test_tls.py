"""TLS towards WeChat: verified or refused, within the deadline (fault F9)."""

import datetime
import ipaddress
import ssl
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.broken_wechat import PROFILE, says
from wxlogin.errors import WeChatUnavailable
from wxlogin.net import transport as transport_module
from wxlogin.net.deadline import Deadline
from wxlogin.net.transport import Transport
from wxlogin.wechat.client import WeChat
from wxlogin.wechat.endpoints import Hosts

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
# Of "Test CA", by `openssl x509 -hash`; OpenSSL looks into a folder by this name.
NAME_HASH = "3387b84d"


class Authority:
    """A certificate authority of our own, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test CA")])
        own = self._certificate(self.name, self.key, until=NOW + DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.bundle = self._write("ca.pem", own.sign(self.key, hashes.SHA256()))

    def context(self, host="localhost", *, until=NOW + DAY):
        """A server's TLS context with a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        alternative = (
            x509.IPAddress(ipaddress.ip_address(host))
            if host[0].isdigit()
            else x509.DNSName(host)
        )
        leaf = self._certificate(name, key, until=until).add_extension(
            x509.SubjectAlternativeName([alternative]), critical=False
        )
        chain = self._write("leaf.pem", leaf.sign(self.key, hashes.SHA256()), key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        return context

    def _certificate(self, subject, key, *, until):
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 90 * DAY)
            .not_valid_after(until)
        )

    def _write(self, name, certificate, key=None):
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        if key:
            pem += key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        path = self.folder / name
        path.write_bytes(pem)
        return path


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def trusted(authority, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))


@pytest.fixture
def secure(server, transport):
    """A client that asks the server by https, under the name of localhost."""
    return WeChat(Hosts(api=f"https://localhost:{server.port}"), pool=transport)


def refused(secure, server, app, *, seconds=5.0):
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable) as caught:
        secure.exchange(app, "MARKERcode", deadline=Deadline(seconds))
    assert time.monotonic() - began < seconds + 1.5
    assert server.targets == []
    assert caught.value.facts["sent"] is False
    return caught.value.facts


def test_a_good_certificate_is_accepted(secure, server, app, authority, trusted):
    server.tls = authority.context()
    secure.exchange(app, "C", deadline=secure.deadline())
    secure.exchange(app, "D", deadline=secure.deadline())
    assert server.connections == 1


def test_the_bundle_is_read_once(secure, server, app, authority, trusted, monkeypatch):
    server.tls = authority.context()
    read: list[int] = []
    make = transport_module.tls_context
    monkeypatch.setattr(
        transport_module, "tls_context", lambda: (read.append(1), make())[1]
    )
    server.will(lambda wire: (says(PROFILE)(wire), wire.sock.close()))
    for _ in range(3):
        assert secure.userinfo(app, ("t", "o"), deadline=secure.deadline())
    assert read == [1]


def test_an_unknown_authority_is_refused(secure, server, app, authority):
    """security row 105"""
    server.tls = authority.context()
    facts = refused(secure, server, app)
    assert facts["fault"] == "certificate"
    assert "issuer" in facts["reason"]
    assert server.connections == 1


def test_an_expired_certificate_is_refused(secure, server, app, authority, trusted):
    """security row 105"""
    server.tls = authority.context(until=NOW - DAY)
    facts = refused(secure, server, app)
    assert (facts["fault"], "expired" in facts["reason"]) == ("certificate", True)


def test_another_hosts_certificate_is_refused(secure, server, app, authority, trusted):
    """security row 105"""
    server.tls = authority.context("api.weixin.test")
    assert refused(secure, server, app)["fault"] == "certificate"


def test_old_tls_is_refused(secure, server, app, authority, trusted):
    """security row 105"""
    server.tls = authority.context()
    server.tls.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        server.tls.minimum_version = ssl.TLSVersion.TLSv1
        server.tls.maximum_version = ssl.TLSVersion.TLSv1_1
    assert refused(secure, server, app)["fault"] == "tls"


def test_plain_http_behind_https_is_refused(secure, server, app, trusted):
    server.greeting = lambda wire: wire.send(b"HTTP/1.1 400 Plain\r\n\r\n")
    assert refused(secure, server, app)["fault"] == "tls"


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param(lambda wire: wire.hang(), id="mute"),
        # A TLS record that promises 16 kB and comes a byte at a time.
        pytest.param(
            lambda wire: wire.drip(b"\x16\x03\x03\x40\x00" + b"\x02" * 999), id="drip"
        ),
    ],
)
def test_a_slow_handshake_ends_at_the_deadline(secure, server, app, trusted, greeting):
    """security row 105; faults F2 and F3, before anything was sent"""
    server.greeting = greeting
    facts = refused(secure, server, app, seconds=0.4)
    assert (facts["fault"], facts["stage"]) == ("timeout", "tls")


def test_a_slow_answer_over_tls_ends_at_the_deadline(
    secure, server, app, authority, trusted
):
    """security row 105; fault F3"""
    server.tls = authority.context()
    server.will(lambda wire: wire.drip(b"HTTP/1.1 200 OK\r\n" + b"X" * 999))
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable) as caught:
        secure.exchange(app, "C", deadline=Deadline(0.4))
    assert time.monotonic() - began < 2
    assert (caught.value.facts["fault"], caught.value.facts["sent"]) == (
        "timeout",
        True,
    )


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_DIR"])
def test_the_environment_may_name_another_bundle(
    server, app, authority, monkeypatch, variable
):
    server.tls = authority.context()
    place = authority.bundle
    if variable == "SSL_CERT_DIR":
        place = authority.folder / "certs"
        place.mkdir()
        (place / f"{NAME_HASH}.0").write_bytes(authority.bundle.read_bytes())
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, str(place))
    transport = Transport()
    secure = WeChat(Hosts(api=f"https://localhost:{server.port}"), pool=transport)
    assert secure.exchange(app, "C", deadline=secure.deadline()).openid
    transport.close()
