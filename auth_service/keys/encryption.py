"""What auth must be able to read again is encrypted with `AUTH_KEY_ENCRYPTION_SECRET`: the private signing keys."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gatehouse_chassis.settings import SettingsError


class KeyEncryption:
    """Encrypts with the secret, and decrypts what the secret or the one before it encrypted.

    Args:
        secret: `AUTH_KEY_ENCRYPTION_SECRET`.
        previous: `AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS`; empty when there is none.
    """

    def __init__(self, secret: str, previous: str = "") -> None:
        self._current = Fernet(_derive(secret))
        self._all = MultiFernet([Fernet(_derive(one)) for one in (secret, previous) if one])

    def encrypt(self, plain: bytes) -> str:
        """The plain text, for whoever knows the secret."""
        return self._current.encrypt(plain).decode()

    def decrypt(self, encrypted: str) -> bytes:
        """The plain text.

        Raises:
            SettingsError: no secret opens it.
        """
        try:
            return self._all.decrypt(encrypted)
        except InvalidToken:
            raise SettingsError(
                "AUTH_KEY_ENCRYPTION_SECRET does not open the signing keys in the database: give the value "
                "with which they were made (it was in .env then). If it was changed, give the one before it as "
                "AUTH_KEY_ENCRYPTION_SECRET_PREVIOUS."
            ) from None

    def rewrap(self, encrypted: str) -> str:
        """The same text, encrypted with the secret; unchanged when it is already.

        Raises:
            SettingsError: no secret opens it.
        """
        plain = self.decrypt(encrypted)
        try:
            self._current.decrypt(encrypted)
        except InvalidToken:
            return self.encrypt(plain)
        return encrypted


def _derive(secret: str) -> bytes:
    """Any long secret becomes the 32 bytes that Fernet needs (HKDF, RFC 5869)."""
    derivation = HKDF(SHA256(), 32, salt=None, info=b"gatehouse signing keys")
    return urlsafe_b64encode(derivation.derive(secret.encode()))
