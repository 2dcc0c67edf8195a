"""The default issuer of a deployment: the API's own address, as API Gateway reports it.

The environment of an authorizer cannot hold the address of its own API, because CloudFormation would see a cycle. So
the functions that issue tokens and the authorizer derive the same address from the event.
"""

from collections.abc import Mapping

# The DNS suffix of each partition: AWS's own list, `partitions.json` of its SDKs.
_DNS_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-us-gov": "amazonaws.com",
}


def issuer_from_context(request_context: Mapping[str, object]) -> str:
    """Return `https://{domainName}/{stage}` from an event's request context.

    Raises:
        ValueError: the event names no domain or stage.

    """
    domain, stage = request_context.get("domainName"), request_context.get("stage")
    if not isinstance(domain, str) or not isinstance(stage, str) or not domain or not stage:
        raise ValueError("the event names no domain and stage to derive the issuer from")
    return f"https://{domain}/{stage}"


def issuer_from_method_arn(method_arn: str) -> str:
    """Return the same address from `arn:{partition}:execute-api:{region}:{account}:{api}/{stage}/…`.

    A TOKEN event has nothing else. This is the API's default address: behind a custom domain, set the issuer.

    Raises:
        ValueError: not the ARN of a method, or one of a partition that is not known.

    """
    parts = method_arn.split(":", 5)
    path = parts[-1].split("/")
    if len(parts) != 6 or parts[2] != "execute-api" or len(path) < 3:  # noqa: PLR2004 - the ARN's own form
        raise ValueError("not the ARN of an API method")
    suffix = _DNS_SUFFIXES.get(parts[1])
    if suffix is None:
        raise ValueError("the ARN is of an unknown partition")
    return f"https://{path[0]}.execute-api.{parts[3]}.{suffix}/{path[1]}"
