"""How a webhook proves whose it is: the scheme of standardwebhooks.com, which many libraries verify."""

from __future__ import annotations

import base64
import binascii
import hmac

PREFIX = "whsec_"


def key_of(secret: str) -> bytes:
    """The key in a secret: base64 behind `whsec_`, or else the text itself. `ValueError` if it is broken."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("behind whsec_ must stand base64") from None


def headers_of(key: bytes, identity: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The three headers. What is signed is `id.timestamp.body`, so that none can be exchanged."""
    signed = b".".join((identity.encode(), str(timestamp_s).encode(), body))
    digest = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{digest}",
    }
