"""`/auth/.well-known/jwks.json`: the public keys of access tokens."""

from fastapi import APIRouter, Response

from auth_service.dependencies import Keys
from auth_service.keys.schemas import JWKSet
from gatehouse_chassis.http.cors import READABLE_BY_ALL

router = APIRouter(tags=["tokens"])


@router.get("/.well-known/jwks.json")
async def public_keys(keys: Keys, response: Response) -> JWKSet:
    """The public keys of access tokens (RFC 7517)."""
    response.headers.update({"Cache-Control": "public, max-age=60", **READABLE_BY_ALL})
    return JWKSet(keys=await keys.public_keys())
