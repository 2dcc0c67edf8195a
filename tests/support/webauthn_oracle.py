"""A process that verifies ceremonies with py_webauthn. It runs in .tools/webauthn, so it imports nothing of ours.

Each line of input is one ceremony as JSON, and each line of output `accepted` or the name of the error.
"""

import json
import sys

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.cose import COSEAlgorithmIdentifier

ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]


def verify(ceremony: dict[str, str]) -> None:
    """Verify one ceremony. Raises whatever py_webauthn raises."""
    expected = {
        "credential": ceremony["credential"],
        "expected_challenge": base64url_to_bytes(ceremony["challenge"]),
        "expected_rp_id": ceremony["rp_id"],
        "expected_origin": ceremony["origins"],
        "require_user_verification": True,
    }
    if "public_key" in ceremony:
        verify_authentication_response(
            **expected,
            credential_public_key=base64url_to_bytes(ceremony["public_key"]),
            credential_current_sign_count=ceremony["sign_count"],
        )
    else:
        verify_registration_response(**expected, supported_pub_key_algs=ALGORITHMS)


for line in sys.stdin:
    try:
        verify(json.loads(line))
        outcome = "accepted"
    except Exception as error:  # noqa: BLE001 - it raises many kinds, and each of them is a refusal
        outcome = type(error).__name__
    print(outcome, flush=True)  # noqa: T201 - the output of this process
