"""Cuts the SDK's data down to what the layer's functions call: `python sdk_data.py FOLDER-OF-THE-LAYERS-PACKAGES`.

botocore describes 400 services. At every cold start a client reads 1.2 MB of endpoints and the whole model of its
service, with its manual. That is a third of the time that it takes to make a client. This script only leaves data out
and rewrites nothing, so the SDK finds addresses by the same rules.

It also copies Amazon's own root certificates out of the SDK's list of all public ones, for `edge_auth.trusted_roots`.
The SDK's list stays as it is. The layer's build runs this script, with any Python 3.
"""

import gzip
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

# The operations that adapters/ calls, by the service's name in botocore. A test compares both.
OPERATIONS = {
    "dynamodb": {"GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem"},
    "events": {"PutEvents"},
    "lambda": {"GetFunctionConfiguration", "Invoke", "UpdateFunctionConfiguration"},
    "secretsmanager": {"GetSecretValue", "PutSecretValue"},
    "sesv2": {"SendEmail"},
}
PAGINATED = {"dynamodb": {"Query"}}

# The files of a service that are kept, and the one file of all services that is trimmed. The other files of all
# services are small and stay: partitions, retries and defaults.
MODEL, PAGINATORS, RULES = "service-2", "paginators-1", "endpoint-rule-set-1"
EXTRAS = f"{MODEL}.sdk-extras"
ENDPOINTS = "endpoints"

# The roots of Amazon Trust Services by their labels in the SDK's list. Every endpoint of the partition `aws` has a
# certificate of theirs (AWS Security Blog, "How to prepare for AWS's move to its own certificate authority").
ROOTS = (
    *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
    "Starfield Services Root Certificate Authority - G2",
)
ROOTS_FILE = "amazon_roots.pem"
_CERTIFICATE = re.compile(
    r'^# Label: "(?P<label>[^"\n]+)"\n(?:#.*\n)*'
    r"(?P<pem>-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n)",
    re.MULTILINE,
)


def trim(data: Path) -> None:
    """Trim the folder `botocore/data` in place. A second run changes nothing."""
    for folder in [path for path in data.iterdir() if path.is_dir() and path.name not in OPERATIONS]:
        shutil.rmtree(folder)
    for service in OPERATIONS:
        *older, newest = sorted((data / service).iterdir())  # the SDK uses the newest version of the API
        for folder in older:
            shutil.rmtree(folder)
        _trim_service(newest, service)
    endpoints = _read(data, ENDPOINTS)
    for partition in endpoints["partitions"]:
        partition["services"] = {name: found for name, found in partition["services"].items() if name in OPERATIONS}
    _write(data, ENDPOINTS, endpoints)


def roots_of(certificates: str) -> str:
    """Return Amazon's root certificates from the text of the SDK's list, each with its label, in the order of ROOTS.

    Raises LookupError: the list does not have each of them once. The build must fail then.
    """
    found = [(certificate["label"], certificate["pem"]) for certificate in _CERTIFICATE.finditer(certificates)]
    for label in ROOTS:
        if (count := [name for name, _ in found].count(label)) != 1:
            raise LookupError(f"the SDK's list of certificates has {label!r} {count} times, not once")
    pems = dict(found)
    return "".join(f"# {label}\n{pems[label]}" for label in ROOTS)


def _trim_service(folder: Path, service: str) -> None:
    """Keep the called operations, the rules for addresses, and the pagination of what is read in pages."""
    kept = {MODEL: _trimmed_model(_read(folder, MODEL), OPERATIONS[service]), RULES: _read(folder, RULES)}
    if service in PAGINATED:
        pagination = _read(folder, PAGINATORS)["pagination"]
        kept[PAGINATORS] = {"pagination": {name: pagination[name] for name in sorted(PAGINATED[service])}}
    if (folder / f"{EXTRAS}.json").exists():
        kept[EXTRAS] = _read(folder, EXTRAS)
    for path in folder.iterdir():
        path.unlink()
    for name, document in kept.items():
        _write(folder, name, document)


def _trimmed_model(model: dict[str, Any], operations: set[str]) -> dict[str, Any]:
    """Return the model with only these operations and the shapes that they need, and without its manual."""
    kept = {name: model["operations"][name] for name in sorted(operations)}
    needed: set[str] = set()
    found = _shapes_named_in(list(kept.values()))
    while found:
        needed |= found
        found = _shapes_named_in([model["shapes"][name] for name in found]) - needed
    shapes = {name: shape for name, shape in model["shapes"].items() if name in needed}
    trimmed: dict[str, Any] = _without_manual({**model, "operations": kept, "shapes": shapes})
    return trimmed


def _shapes_named_in(part: object) -> set[str]:
    """Return the names of the shapes that a part of a model refers to: inputs, outputs, errors, members."""
    if isinstance(part, list):
        return set().union(*map(_shapes_named_in, part))
    if not isinstance(part, dict):
        return set()
    named = part.get("shape")
    return _shapes_named_in(list(part.values())) | ({named} if isinstance(named, str) else set())


def _without_manual(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a part of a model without its texts for people. A member that is called `documentation` stays."""
    if isinstance(part, list):
        return [_without_manual(item) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        name: _without_manual(value)
        for name, value in part.items()
        if not (name == "documentation" and isinstance(value, str))
    }


def _read(folder: Path, name: str) -> dict[str, Any]:
    plain = folder / f"{name}.json"
    text = plain.read_bytes() if plain.exists() else gzip.decompress((folder / f"{name}.json.gz").read_bytes())
    document: dict[str, Any] = json.loads(text)
    return document


def _write(folder: Path, name: str, document: object) -> None:
    """Write a file without compression: the SDK looks for that form first, and the layer's archive is compressed."""
    (folder / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


def main(packages: Path) -> None:
    """Trim the SDK's data in a folder of packages, and write the roots beside the modules of edge_auth."""
    trim(packages / "botocore" / "data")
    certificates = (packages / "botocore" / "cacert.pem").read_text(encoding="utf-8")
    (packages / "edge_auth" / ROOTS_FILE).write_text(roots_of(certificates), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
