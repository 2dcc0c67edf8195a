"""Where the custom resource's answer may go, and that there is one even where the layer does not load."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.loaders import Loader

from tests.support.cloudformation import CloudFormation, failure, success
from tests.support.cold_start import unconnected
from tests.support.sample_events import sample
from tests.support.stack import LambdaContext, Stack
from tests.support.template import ROOT

SUFFIXES = sorted({each["outputs"]["dnsSuffix"] for each in Loader().load_data("partitions")["partitions"]})
BUCKET = "cloudformation-custom-resource-response"
OTHERS = [
    "http://127.0.0.1/",
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "http://169.254.170.2/v2/credentials",
    "file:///proc/self/environ",
    "data:,x",
    f"http://{BUCKET}-useast1.s3.amazonaws.com/x",
    "https://example.com/x",
    f"https://{BUCKET}-useast1.s3.amazonaws.com.example.com/x",
    f"https://example.com/{BUCKET}-useast1.s3.amazonaws.com/x",
    f"https://{BUCKET}-useast1.s3.amazonaws.com@example.com/x",
    f"https://user@{BUCKET}-useast1.s3.amazonaws.com/x",
    f"https://{BUCKET}-useast1.s3.amazonaws.com:8443/x",
    f"https://{BUCKET}-x.example.com#.s3.amazonaws.com/x",
    f"https://evil-{BUCKET}-useast1.s3.amazonaws.com/x",
    f"https://{BUCKET}-useast1.execute-api.us-east-1.amazonaws.com/x",
    f"https://{BUCKET}-evil.s3.amazonaws.com/x",
    f"https://{BUCKET}-useast1evil.s3.amazonaws.com/x",
    f"https://{BUCKET}-us-east-1.s3.amazonaws.com/x",
    f"https://{BUCKET}-useast2.s3.us-east-2.amazonaws.com/x",
    f"https://{BUCKET}-useast1.s3.us-gov-west-1.amazonaws.com/x",
    f"https://{BUCKET}-useast1.s3-anything.amazonaws.com/x",
    f"https://{BUCKET}-.s3.amazonaws.com/x",
    f"https://{BUCKET}.s3.amazonaws.com/x",
    "https://bucket.s3.amazonaws.com/x",
    f"https://s3.amazonaws.com/{BUCKET}-useast1/x",
]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("service", ["s3.eu-north-1", "s3-eu-north-1", "s3"])
def test_an_answer_goes_to_cloudformations_own_bucket(empty_stack: Stack, service: str, suffix: str) -> None:
    """The bucket of the function's own Region has one of S3's host names, under the suffix of its partition."""
    believed = empty_stack.module("rotate_keys").is_cloudformations

    address = f"https://{BUCKET}-eunorth1.{service}.{suffix}/arn%3Aaws%3A?X-Amz-Signature=abc"

    assert believed(address, {"AWS_REGION": "eu-north-1", "URL_SUFFIX": suffix})
    for other in {*SUFFIXES, ""} - {suffix}:
        assert not believed(address, {"AWS_REGION": "eu-north-1", "URL_SUFFIX": other})
    for region in ("eu-north-2", "eu-north-11", "eu-north", "e.-north-1", ""):
        assert not believed(address, {"AWS_REGION": region, "URL_SUFFIX": suffix})


@pytest.mark.parametrize("address", OTHERS)
def test_no_other_address_gets_an_answer(empty_stack: Stack, address: str) -> None:
    """A caller of the function could otherwise let it call any address, also inside its own environment."""
    module = empty_stack.module("rotate_keys")
    environ = {**vars(module)["os"].environ, "AWS_REGION": "us-east-1", "URL_SUFFIX": "amazonaws.com"}
    vars(module).update(os=SimpleNamespace(environ=environ))

    with pytest.raises(ValueError, match="would not go to CloudFormation"):
        module.handler({**sample("key-ring-create"), "ResponseURL": address}, LambdaContext())

    assert empty_stack.wire.calls == []


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:4567/x", "https://127.0.0.1:4566/x", "http://example.com:4566/x", *OTHERS[2:]]
)
def test_the_local_stack_gets_its_answers_and_no_other(empty_stack: Stack, address: str) -> None:
    """Only a setting says that AWS is on this machine, and then only its own port is believed."""
    believed = empty_stack.module("rotate_keys").is_cloudformations
    aws = {"AWS_REGION": "us-east-1", "URL_SUFFIX": "amazonaws.com"}
    local = {**aws, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

    assert believed("http://localhost:4566/_ministack/cfn-response/1", local)
    assert not believed("http://localhost:4566/_ministack/cfn-response/1", aws)
    assert not believed(address, local)


def call_with_broken_layer(
    folder: Path, module: str, event: object, **environ: str
) -> subprocess.CompletedProcess[str]:
    """Call the function in an interpreter in which one module of the layer does not load."""
    package = folder / module
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('invalid ELF header')\n")
    paths = (folder, ROOT / "functions" / "rotate_keys", ROOT / "layers" / "edge_auth")
    return subprocess.run(
        [sys.executable, "-c", "import json, sys, app; app.handler(json.load(sys.stdin), None)"],
        input=json.dumps(event),
        env={
            **unconnected("rotate_keys"),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "no_proxy": "127.0.0.1",
            **environ,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("module", ["edge_auth", "cryptography"])
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
def test_a_stack_is_answered_even_if_the_layer_does_not_load(
    tmp_path: Path, cloudformation: CloudFormation, kind: str, module: str
) -> None:
    """A layer for another processor fails the deployment in seconds, with its reason, and does not stop a rollback."""
    event = sample(f"key-ring-{kind}")
    endpoint = cloudformation.url.partition("/answers")[0]

    outcome = call_with_broken_layer(
        tmp_path, module, {**event, "ResponseURL": cloudformation.url}, AWS_ENDPOINT_URL=endpoint
    )

    assert outcome.returncode == 0, outcome.stderr
    told = json.loads(cloudformation.bodies[-1])
    hint = "the layer does not load: was it built for this processor? (ImportError: invalid ELF header)"
    assert told == (success(event, {}) if kind == "delete" else failure(event, hint))


def test_every_other_call_fails_if_the_layer_does_not_load(tmp_path: Path) -> None:
    """Lambda counts the failed run, and the alarm counts these."""
    outcome = call_with_broken_layer(tmp_path, "cryptography", sample("key-ring-advance"))

    assert outcome.returncode != 0
    assert outcome.stderr.splitlines()[-1] == "ImportError: invalid ELF header"
