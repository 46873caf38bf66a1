"""A certificate authority of the tests' own, and a certificate for one host."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "api.example.com"


class Certificates:
    """Files for servers, written to `folder`; the authority's own key is never written.

    Attributes:
        certificate, key, both: PEM files; HAProxy wants both in one.
        authority: the PEM file by which a client believes them.
        trust: the same for Python.
    """

    def __init__(self, folder: Path, host: str = HOST) -> None:
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority_name = _name("Tests of Gatehouse")
        authority = (
            _draft(authority_name, authority_name, authority_key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), False
            )
            .sign(authority_key, hashes.SHA256())
        )
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _draft(_name(host), authority_name, key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
                False,
            )
            .sign(authority_key, hashes.SHA256())
        )
        certificate_pem = certificate.public_bytes(Encoding.PEM)
        key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.certificate = folder / "cert.pem"
        self.key = folder / "key.pem"
        self.both = folder / "cert-and-key.pem"
        self.certificate.write_bytes(certificate_pem)
        self.key.write_bytes(key_pem)
        self.both.write_bytes(certificate_pem + key_pem)
        self.authority = folder / "authority.pem"
        self.authority.write_bytes(authority.public_bytes(Encoding.PEM))
        self.trust = ssl.create_default_context(cafile=self.authority)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _draft(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + timedelta(days=1),
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
