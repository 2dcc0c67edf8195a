"""The template as SAM expands it: the transform that CloudFormation runs, from the environment of the SAM CLI."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.sam_python import printed

# The transform takes code from S3 only. Each expansion is at another second, as two deployments are.
SCRIPT = """
import json, sys, time
from copy import deepcopy
from itertools import count
from unittest.mock import patch
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

seconds = count(1_000_000_000)
expanded = []
given = json.load(sys.stdin)
for path in sys.argv[1:]:
    template = yaml_parse(open(path, encoding="utf-8").read())
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"
    for parameters in given:
        with patch.object(time, "time", lambda: next(seconds)):
            expanded.append(Translator({}, Parser()).translate(deepcopy(template), parameters))
json.dump(expanded, sys.stdout)
"""


def expanded(*given: Mapping[str, str], templates: Sequence[str] = ("template.yaml",)) -> Sequence[dict[str, Any]]:
    """Return each expanded template for each of these sets of parameters, each a second after the one before.

    Raises:
        subprocess.CalledProcessError: the transform refused a template.

    """
    documents: list[dict[str, Any]] = printed(SCRIPT, *templates, given=given)
    return documents
