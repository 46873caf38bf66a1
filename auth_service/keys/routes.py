"""`/auth/.well-known/jwks.json`: the public keys of access tokens."""

from fastapi import APIRouter, Response

from auth_service.dependencies import Keys
from auth_service.keys.schemas import JWKSet

router = APIRouter(tags=["tokens"])


@router.get("/.well-known/jwks.json")
async def public_keys(keys: Keys, response: Response) -> JWKSet:
    """The public keys of access tokens (RFC 7517)."""
    response.headers["Cache-Control"] = "public, max-age=60"
    return JWKSet(keys=await keys.public_keys())
