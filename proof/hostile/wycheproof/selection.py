"""Takes from Wycheproof's files the groups of our algorithms: `python -m proof.hostile.wycheproof.selection FOLDER`.

FOLDER is `testvectors_v1` of a checkout. Whole groups are taken or left; nothing inside a group is changed.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
# Each file, with the word for a key's JSON in its groups. `json_web_crypto_test.json` is not here: its groups of our
# algorithms have the vectors of the last two files again.
FILES = {
    "ecdsa_secp256r1_sha256_p1363_test.json": "publicKeyJwk",
    "ed25519_test.json": "publicKeyJwk",
    "rsa_signature_2048_sha256_test.json": "keyJwk",
    "rsa_signature_3072_sha256_test.json": "keyJwk",
    "json_web_signature_test.json": "public",
    "json_web_key_test.json": "public",
}
_OTHER_ALGORITHMS = {"RS384", "RS512", "PS256", "PS384", "PS512"}
_OTHER_CURVES = {"P-384", "P-521", "secp256k1"}


def is_ours(group: Mapping[str, Any]) -> bool:
    """Return whether a group has a public key, and one of the kinds that we verify with or must refuse."""
    if group["type"] not in {"JsonWebSignature", "JsonWebKey"}:
        return True
    keys = group.get("public", {}).get("keys", [group.get("public", {})])
    return all(
        key.get("kty") in {"EC", "RSA", "OKP"}
        and key.get("alg") not in _OTHER_ALGORITHMS
        and key.get("crv") not in _OTHER_CURVES
        for key in keys
    )


def select(folder: Path) -> None:
    """Write the selected groups of each file beside this module."""
    for name in FILES:
        document = json.loads((folder / name).read_text(encoding="utf-8"))
        document["testGroups"] = [group for group in document["testGroups"] if is_ours(group)]
        (HERE / name).write_text(json.dumps(document, indent=0, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    select(Path(sys.argv[1]))
