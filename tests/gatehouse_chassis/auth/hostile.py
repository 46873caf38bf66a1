"""Tokens that must not be accepted, of an issuer with any algorithm: a corpus of the known attacks."""

import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatehouse_chassis.auth.access_tokens import LEEWAY, MAX_TOKEN_CHARS
from gatehouse_chassis.testing import LEFT_OUT, TestIssuer, encode

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _header(issuer: TestIssuer, **changes: Any) -> str:
    return issuer.sign(issuer.header(**changes), issuer.claims())


def _with_hmac(issuer: TestIssuer, secret: bytes, alg: str = "HS256") -> str:
    """The public key as the secret of an HMAC: the algorithm confusion of CVE-2016-5431 and its many followers."""
    signing_input = f"{encode(issuer.header(alg=alg))}.{encode(issuer.claims())}"
    digest = hmac.digest(secret, signing_input.encode(), f"sha{alg.removeprefix('HS')}")
    return f"{signing_input}.{encode(digest)}"


def _public(issuer: TestIssuer, encoding: Encoding, layout: PublicFormat) -> bytes:
    return issuer.key.public_key().public_bytes(encoding, layout)


def public_pem(issuer: TestIssuer) -> bytes:
    """The issuer's public key as PEM."""
    return _public(issuer, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _signed_with_padding(issuer: TestIssuer, segment: int) -> str:
    """The right padding, which RFC 7515 section 2 leaves out, and a signature over it; PyJWT takes it."""
    texts = [json.dumps(part) for part in (issuer.header(), issuer.claims())]
    segments = [encode((text + " " * ((1 - len(text)) % 3)).encode()) for text in texts]
    segments[segment] += "=="
    signing_input = ".".join(segments)
    signing = jwt.get_algorithm_by_name(issuer.algorithm)
    token = f"{signing_input}.{encode(signing.sign(signing_input.encode(), issuer.key))}"
    assert jwt.PyJWS().decode(token, issuer.key.public_key(), algorithms=[issuer.algorithm])
    return token


def _signed_over_plain_claims(issuer: TestIssuer) -> str:
    """RFC 7797: the payload is not encoded, and `crit` says so; PyJWT understands it."""
    return jwt.PyJWS().encode(
        json.dumps(issuer.claims()).encode(),
        issuer.key,
        algorithm=issuer.algorithm,
        headers=issuer.header(b64=False),
    )


def _resigned_by_another_key(issuer: TestIssuer) -> str:
    other = TestIssuer(issuer.url, audience=issuer.audience, algorithm=issuer.algorithm)
    return other.sign(issuer.header(), issuer.claims())


def _signature(good: str, change: Callable[[bytes], bytes]) -> str:
    signing_input, _, signature = good.rpartition(".")
    return f"{signing_input}.{encode(change(urlsafe_b64decode(signature + '==')))}"


def _respelt_last_character(token: str) -> str:
    """Another base64 spelling of the same bytes: the spare bits of the last character are not zero."""
    return token[:-1] + ALPHABET[ALPHABET.index(token[-1]) + 1]


def malformed(issuer: TestIssuer, good: str) -> dict[str, str]:
    """What no issuer writes: refused before a key is asked for."""
    head, claims, signature = good.split(".")
    duplicate = json.dumps(issuer.header())[:-1] + f', "kid": "{issuer.kid}"}}'
    return {
        "empty": "",
        "a dot": ".",
        "two dots": "..",
        "three dots": "...",
        "one segment": head,
        "two segments": f"{head}.{claims}",
        "four segments": f"{good}.{signature}",
        "five segments, as a JWE": f"{good}.{signature}.{signature}",
        "no header": f".{claims}.{signature}",
        "no claims": f"{head}..{signature}",
        "no signature": f"{head}.{claims}.",
        "too long": good + "A" * MAX_TOKEN_CHARS,
        "padding": f"{good}==",
        "padding of the header": f"{head}=.{claims}.{signature}",
        "signed with padding of the header": _signed_with_padding(issuer, 0),
        "signed with padding of the claims": _signed_with_padding(issuer, 1),
        "junk in the signature (GHSA-hxm8-2xgr-2p9m)": f"{head}.{claims}.!{signature}!",
        "junk in the claims": f"{head}.{claims[:8]}$%{claims[8:]}.{signature}",
        "detached claims": _signed_over_plain_claims(issuer),
        "alg none without a signature": f"{encode(issuer.header(alg='none'))}.{claims}.",
        "respelt signature": _respelt_last_character(good),
        "plain base64": f"{head}.{claims}.{signature[:-2]}+/",
        "space before": f" {good}",
        "space after": f"{good} ",
        "space inside": f"{head} .{claims}.{signature}",
        "newline after": f"{good}\n",
        "newline inside": f"{head}.{claims[:9]}\n{claims[9:]}.{signature}",
        "NUL": f"{good}\0",
        "wide letters": f"{head}.{claims}.\uff21{signature[1:]}",
        "other digits": f"{head}.{claims}.\u0661{signature[1:]}",
        "lone surrogate": f"{good}\ud800",
        "impossible length": f"{head}.{claims}.A",
        "Bearer twice": f"Bearer {good}",
        "quoted": f'"{good}"',
        "JSON serialisation": json.dumps({"payload": claims, "signatures": []}),
        "header is no JSON": issuer.sign(b"{", issuer.claims()),
        "header is a list": issuer.sign(b"[]", issuer.claims()),
        "header is deep": issuer.sign(b"[" * 2000, issuer.claims()),
        "header is no UTF-8": issuer.sign(b'{"alg": "\xff"}', issuer.claims()),
        "header with a byte order mark": issuer.sign(
            b"\xef\xbb\xbf" + json.dumps(issuer.header()).encode(), issuer.claims()
        ),
        "header in UTF-16": issuer.sign(
            json.dumps(issuer.header()).encode("utf-16"), issuer.claims()
        ),
        "duplicate header": issuer.sign(duplicate.encode(), issuer.claims()),
    }


def wrong_headers(issuer: TestIssuer, good: str) -> dict[str, str]:
    """Headers that lead to another algorithm, another key or another meaning."""
    claims = good.split(".")[1]
    pem = public_pem(issuer)
    return {
        "alg none": _header(issuer, alg="none"),
        "alg none without signature": f"{encode(issuer.header(alg='none'))}.{claims}.AA",
        "alg NONE": _header(issuer, alg="NONE"),
        "alg in small letters": _header(issuer, alg=issuer.algorithm.lower()),
        "alg is a list": _header(issuer, alg=[issuer.algorithm]),
        "alg is missing": _header(issuer, alg=LEFT_OUT),
        "alg is empty": _header(issuer, alg=""),
        "alg is null": _header(issuer, alg=None),
        "alg with a space": _header(issuer, alg=f"{issuer.algorithm} "),
        **{
            f"alg of another key: {other}": _header(issuer, alg=other)
            for other in ("ES256", "ES384", "ES256K", "RS256", "RS512", "PS256", "EdDSA", "Ed25519")
            if other != issuer.algorithm
        },
        "HMAC with the public PEM": _with_hmac(issuer, pem),
        "HMAC with the public PEM, stripped": _with_hmac(issuer, pem.strip()),
        "HMAC-384 with the public PEM": _with_hmac(issuer, pem, "HS384"),
        "HMAC-512 with the public PEM": _with_hmac(issuer, pem, "HS512"),
        "HMAC with the public SSH key (CVE-2022-29217)": _with_hmac(
            issuer, _public(issuer, Encoding.OpenSSH, PublicFormat.OpenSSH)
        ),
        "HMAC with the public DER": _with_hmac(
            issuer, _public(issuer, Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ),
        **(
            {
                "HMAC with the public point": _with_hmac(
                    issuer, _public(issuer, Encoding.X962, PublicFormat.UncompressedPoint)
                )
            }
            if issuer.algorithm == "ES256"
            else {}
        ),
        "HMAC with the public JWK": _with_hmac(
            issuer, json.dumps(issuer.jwks()["keys"][0]).encode()
        ),
        "HMAC with nothing": _with_hmac(issuer, b""),
        "typ is missing": _header(issuer, typ=LEFT_OUT),
        "typ of an ID token": _header(issuer, typ="JWT"),
        "typ of a logout token": _header(issuer, typ="logout+jwt"),
        "typ in capitals": _header(issuer, typ="AT+JWT"),
        "typ is a list": _header(issuer, typ=["at+jwt"]),
        "kid is missing": _header(issuer, kid=LEFT_OUT),
        "kid is unknown": _header(issuer, kid="key-2"),
        "kid is empty": _header(issuer, kid=""),
        "kid is huge": _header(issuer, kid="k" * 2000),
        "kid is a number": _header(issuer, kid=1),
        "kid is a list": _header(issuer, kid=["key-1"]),
        "kid is an object": _header(issuer, kid={"key-1": 1}),
        "kid is a path": _header(issuer, kid="../../dev/null"),
        "kid is SQL": _header(issuer, kid="' OR 1=1 --"),
        "kid is a lone surrogate": _header(issuer, kid="\ud800"),
        "jwk": _header(issuer, jwk=issuer.jwks()["keys"][0]),
        "jku": _header(issuer, jku="https://evil.example/jwks.json"),
        "x5u": _header(issuer, x5u="https://evil.example/cert.pem"),
        "x5c": _header(issuer, x5c=["MIIB"]),
        "crit": _header(issuer, crit=["exp"]),
        "crit of nothing": _header(issuer, crit=[]),
        "crit is null": _header(issuer, crit=None),
        "crit that names what is there": _header(issuer, crit=["kid"]),
        "b64 and crit": _header(issuer, crit=["b64"], b64=False),
        "b64 alone (RFC 7797)": _header(issuer, b64=False),
        "b64 as it is anyway": _header(issuer, crit=["b64"], b64=True),
        "x5t#S256": _header(issuer, **{"x5t#S256": "AA"}),
        "zip": _header(issuer, zip="DEF"),
        "cty": _header(issuer, cty="JWT"),
    }


def wrong_signatures(issuer: TestIssuer, good: str) -> dict[str, str]:
    """Signatures that are not over this token, or not by this key."""
    head, claims, signature = good.split(".")
    return {
        "another key": _resigned_by_another_key(issuer),
        "truncated": _signature(good, lambda s: s[:-1]),
        "half": _signature(good, lambda s: s[:32]),
        "longer": _signature(good, lambda s: s + b"\0"),
        "zeros (CVE-2022-21449)": _signature(good, lambda s: bytes(64)),
        "ones": _signature(good, lambda s: b"\xff" * 64),
        "DER": _signature(good, lambda s: b"\x30\x44\x02\x20" + s[:32] + b"\x02\x20" + s[32:]),
        "turned round": _signature(good, lambda s: s[32:] + s[:32]),
        "of another token": f"{head}.{claims}.{issuer.token().rpartition('.')[2]}",
        "over other claims": f"{head}.{encode(issuer.claims(sub='admin'))}.{signature}",
    }


NO_TEXT: list[Any] = [LEFT_OUT, None, "", 1, True, ["x"], {}, "a\0b", "\ud800", "line\nbreak"]
NO_TIME: list[Any] = [None, True, "1800000000", [1], {}, 10**400, -(10**400), 2**53, "NaN"]


def wrong_claims(issuer: TestIssuer, now: float) -> list[tuple[str, Any]]:
    """Claims, and values that none of them may have; LEFT_OUT stands for no claim at all."""
    return [
        *[
            ("iss", v)
            for v in (LEFT_OUT, None, "", issuer.url + "/", issuer.url[:-1], [issuer.url])
        ],
        *[("iss", v) for v in (issuer.url.upper(), issuer.url + "\0", "https://evil.example")],
        # GHSA-75c5-xw7c-p5pm: a part of the issuer's address is "in" it.
        *[("iss", v) for v in ("h", issuer.url[7:], "localhost", {issuer.url: 1}, 1, True)],
        *[("aud", v) for v in (LEFT_OUT, None, "", [], "item", "items2", ["auth"], ["ITEMS"])],
        *[("aud", v) for v in ({"items": 1}, ["items", 1], [["items"]], True, 1, "items auth")],
        *[("aud", v) for v in ("i", "items,auth", ["items auth"], ["items", None], [None], [""])],
        *[(name, v) for name in ("exp", "iat", "nbf") for v in NO_TIME],
        *[("exp", v) for v in (LEFT_OUT, 0, -1, int(now - LEEWAY))],
        *[("iat", v) for v in (LEFT_OUT, int(now + LEEWAY + 1))],
        ("nbf", int(now + LEEWAY + 1)),
        *[(name, v) for name in ("sub", "client_id", "jti") for v in NO_TEXT],
        *[("scope", v) for v in (None, 1, ["items:read"], "items:read\titems:write")],
    ]
