"""Why a request got no answer, in a sentence: what a library's error means to whoever asked."""

import httpx2

_MEANINGS = {
    "WRONG_VERSION_NUMBER": "what listens there speaks http and not https: ask http://",
    "RECORD_LAYER_FAILURE": "what listens there speaks http and not https: ask http://",
    "PACKET_LENGTH_TOO_LONG": "what listens there speaks http and not https: ask http://",
    "HTTP_REQUEST": "what listens there speaks http and not https: ask http://",
    "NO_APPLICATION_PROTOCOL": "it speaks HTTP/2 only, and gatehouse-doctor HTTP/1.1",
    "HOSTNAME MISMATCH": "its certificate is for another name",
    "IP ADDRESS MISMATCH": "its certificate is for another address",
    "CERTIFICATE HAS EXPIRED": "its certificate has expired",
    "CERTIFICATE_VERIFY_FAILED": "no authority that is trusted here signed its certificate: name the file of the one "
    "that did (or of the certificate itself, if it signed itself) by --ca-file FILE",
    "ILLEGAL REQUEST LINE": "what it says is not HTTP/1.1: it speaks HTTP/2 only, or no HTTP",
    "ILLEGAL STATUS LINE": "what it says is not HTTP/1.1: it speaks HTTP/2 only, or no HTTP",
    "SERVER DISCONNECTED": "it closed the connection without an answer, as a port that speaks https or HTTP/2 only",
    "CONNECTION REFUSED": "nothing listens there",
    "NAME OR SERVICE NOT KNOWN": "no such host is known here",
    "NAME RESOLUTION": "no such host is known here",
}


def in_words(error: Exception) -> str:
    """Return what `error` of the HTTP client means."""
    if isinstance(error, httpx2.TimeoutException):
        return "it was silent for too long"
    said = str(error)
    for words, meaning in _MEANINGS.items():
        if words in said.upper().replace("-", " "):
            return meaning
    return said or type(error).__name__
