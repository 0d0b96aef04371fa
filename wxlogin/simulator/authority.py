"""A certificate authority for WeChat's names, which programs under test trust.

It is made once and kept, so that it has to be trusted once. Its key would be a danger
to whoever trusts it: the file is readable for its owner alone, and the authority can
vouch (RFC 5280, 4.2.1.10) for WeChat's names, for those that nobody owns (RFC 2606) and
for the ones it was made for, never for a bank's.
"""

import hashlib
import ipaddress
import os
import ssl
import tempfile
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from . import hosts
from .refusals import Invalid

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
#: What it may vouch for whatever it is asked: WeChat's domains, and names for tests.
_DOMAINS = ("weixin.qq.com", "wx.qq.com", "qlogo.cn", "localhost", "test", "example")
_NETWORKS = ("127.0.0.0/8", "::1/128")
_YEARS = 10
#: Clients refuse longer ones, even of an authority that a person added.
_LEAF_DAYS = 397


def default_file() -> Path:
    """Where the authority is kept unless a place is named: with the user's data."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "wechat-simulator" / "ca.pem"


class Authority:
    """The authority whose certificate is `file`; its key lies beside it."""

    def __init__(
        self, file: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
    ) -> None:
        self.file = file
        self.certificate = certificate
        self._key = key

    @classmethod
    def kept(cls, file: Path, names: Iterable[str] = ()) -> "Authority":
        """The one in `file`, which is made where it is missing, also for `names`.

        Raises Invalid where the file is none of ours, and OSError.
        """
        if not file.exists():
            return cls._made(file, names)
        try:
            certificate = x509.load_pem_x509_certificate(file.read_bytes())
            key = serialization.load_pem_private_key(key_file(file).read_bytes(), None)
        except (ValueError, FileNotFoundError):
            raise Invalid(
                f"{file}: no authority with its key in {key_file(file).name}; name "
                "another file, and one is made there"
            ) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or (
            key.public_key() != certificate.public_key()
        ):
            raise Invalid(f"{file} and {key_file(file).name} do not belong together")
        _require_limits(file, certificate)
        _require_private(key_file(file))
        return cls(file, certificate, key)

    @classmethod
    def _made(cls, file: Path, names: Iterable[str]) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, "WeChat simulator (for tests)")]
        )
        certificate = (
            _begun(name, name, key.public_key(), timedelta(days=365 * _YEARS))
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.NameConstraints([*_limits(names)], None), critical=True)
            .sign(key, hashes.SHA256())
        )
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(key_file(file), _pem(key), 0o600)
        _write(file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return cls(file, certificate, key)

    def context(self, names: Iterable[str] = ()) -> ssl.SSLContext:
        """For a server that answers to WeChat's names, loopback's and `names`.

        Raises Invalid for a name that the authority was not made for.
        """
        wanted = dict.fromkeys([*hosts.NAMES, *_LOOPBACK, *map(_bare, names)])
        for name in wanted:
            if not self._may_vouch_for(name):
                raise Invalid(
                    f"the authority in {self.file} was not made for {name}; name "
                    "another file, and one is made there"
                )
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts.OPEN)])
        issuer = self.certificate.subject
        leaf = (
            _begun(subject, issuer, key.public_key(), timedelta(days=_LEAF_DAYS))
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
            )
            .add_extension(
                x509.SubjectAlternativeName([*map(_general, wanted)]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self._key.public_key()
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        # With the authority behind it: a browser that is told the key of the latter
        # looks for it in what the server sends.
        chain = [leaf, self.certificate]
        pem = [one.public_bytes(serialization.Encoding.PEM) for one in chain]
        return _context(_pem(key) + b"".join(pem))

    @property
    def pin(self) -> str:
        """The SHA-256 of its public key in base64, as browsers' options name a key."""
        key = self.certificate.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        return b64encode(hashlib.sha256(key).digest()).decode()

    def _may_vouch_for(self, name: str) -> bool:
        found = self.certificate.extensions.get_extension_for_class(
            x509.NameConstraints
        )
        limits = found.value.permitted_subtrees or []
        given = _general(name)
        if isinstance(given, x509.IPAddress):
            address = ipaddress.ip_address(name)
            networks = [one.value for one in limits if isinstance(one, x509.IPAddress)]
            return any(address in ipaddress.ip_network(each) for each in networks)
        domains = [one.value for one in limits if isinstance(one, x509.DNSName)]
        return any(name == one or name.endswith(f".{one}") for one in domains)


def key_file(file: Path) -> Path:
    """Where the key of the authority in `file` lies."""
    return file.with_name(f"{file.stem}-key.pem")


def _require_limits(file: Path, certificate: x509.Certificate) -> None:
    try:
        certificate.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        raise Invalid(
            f"{file} is an authority for every name there is, and none of ours; name "
            "another file, and one is made there"
        ) from None


def _require_private(file: Path) -> None:
    # Windows says so of every file.
    if os.name == "posix" and file.stat().st_mode & 0o006:
        raise Invalid(
            f"every user of this machine may read or change {file}; run chmod 600 on it"
        )


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    life: timedelta,
) -> x509.CertificateBuilder:
    # Clocks differ, of containers too.
    begins = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _limits(names: Iterable[str]) -> Iterable[x509.GeneralName]:
    for name in dict.fromkeys([*_DOMAINS, *map(_bare, names)]):
        given = _general(name)
        if isinstance(given, x509.IPAddress):
            yield x509.IPAddress(ipaddress.ip_network(name))
        else:
            yield given
    for network in _NETWORKS:
        yield x509.IPAddress(ipaddress.ip_network(network))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _bare(name: str) -> str:
    return name.strip("[]").lower()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, text: bytes, mode: int) -> None:
    # Renamed into its place, so that nobody reads half of it.
    descriptor, name = tempfile.mkstemp(dir=file.parent)
    with open(descriptor, "wb") as out:
        out.write(text)
    os.chmod(name, mode)
    os.replace(name, file)


def _context(chain: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Python takes a chain from a file only.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leaf.pem"
        _write(file, chain, 0o600)
        context.load_cert_chain(file)
    return context
