"""The README agrees with the template and the code. The end-to-end tests run its curl examples."""

import json
import re
from typing import Any

import pytest

from benchmarks.costs.costs import fixed_month, watched_month
from edge_auth.errors import MethodNotAllowed
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, REPLACE_SECONDS
from tests.support import template as template_file
from tests.support.errors import ERRORS

ROOT = template_file.ROOT
README = (ROOT / "README.md").read_text(encoding="utf-8")
SENTENCES = " ".join(README.split())


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """Return the template."""
    return template_file.template()


def section(title: str) -> str:
    """Return the text under a heading of the second level."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of a table's rows, without the header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_first_paragraph_counts_what_is_deployed_by_default(template: dict[str, Any]) -> None:
    """A stack with no further feature has the functions without a condition, and no table of mails."""
    functions = [
        each for each in template_file.resources("AWS::Serverless::Function").values() if "Condition" not in each
    ]
    tables = template_file.resources("AWS::DynamoDB::Table")
    conditions = {name: each["Condition"] for name, each in tables.items() if "Condition" in each}

    assert conditions == {"RevocationsTable": "HasRevocations", "ChallengesTable": "HasMail"}
    assert (template["Parameters"]["RevocationSeconds"]["Default"], template["Parameters"]["MailFrom"]["Default"]) == (
        5,
        "",
    )
    assert (len(functions), len(tables) - 1) == (11, 4)
    assert "It is eleven small Python Lambda functions and four DynamoDB tables" in SENTENCES


def test_quick_start_begins_with_the_two_commands() -> None:
    """The first two commands are `make demo` and `make test`."""
    commands = [line.split("#")[0].strip() for line in section("Quick start").splitlines() if line.startswith("make")]

    assert commands[:2] == ["make demo", "make test"]


def test_guided_deployments_do_not_change_a_file_of_the_repository() -> None:
    """`sam deploy --guided` rewrites its configuration file, so the README names one outside of git."""
    commands = [line for line in section("Deploy to AWS").splitlines() if "--guided" in line and "sam " in line]

    assert commands
    assert all("--config-file ~/" in command for command in commands)


def test_parameter_table_names_every_parameter_with_its_default(template: dict[str, Any]) -> None:
    """The table has the template's parameters with their defaults; a parameter without one is described."""
    documented = {row[0].strip("`"): row[1].strip("`") for row in rows(section("Parameters"))}

    parameters = template["Parameters"]
    assert set(documented) == set(parameters)
    for name, parameter in parameters.items():
        if parameter.get("Default", "") != "":
            assert documented[name] == str(parameter["Default"])
        else:
            assert documented[name].startswith(("none", "the API's own address"))


def test_parameter_table_gives_the_ranges_of_the_template(template: dict[str, Any]) -> None:
    """A range in the table, such as "60 to 3600", is the range of the template."""
    for name, _, meaning in rows(section("Parameters")):
        given = re.search(r"(\d+) to (\d+)", meaning)
        if given:
            parameter = template["Parameters"][name.strip("`")]
            assert (int(given[1]), int(given[2])) == (parameter["MinValue"], parameter["MaxValue"])


def test_stated_bound_is_the_sum_of_its_parts(template: dict[str, Any]) -> None:
    """The time that an access token outlives a logout is the sum of the defaults."""
    defaults = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}
    bound = defaults["AccessTokenSeconds"] + defaults["AuthorizerCacheSeconds"] + EXPIRY_LEEWAY_SECONDS

    assert f"{EXPIRY_LEEWAY_SECONDS} seconds of leeway, {bound} seconds by default" in SENTENCES
    assert f"Within `RevocationSeconds` ({defaults['RevocationSeconds']}) of the answer to a logout" in SENTENCES
    assert f"down to {template['Parameters']['AccessTokenSeconds']['MinValue']}" in README


def test_lifetimes_in_the_comparison_are_the_defaults(template: dict[str, Any]) -> None:
    """The table of tokens and sessions has the default lifetimes."""
    defaults = {name: parameter.get("Default") for name, parameter in template["Parameters"].items()}

    assert f"| lives | {defaults['AccessTokenSeconds'] // 60} minutes |" in README
    assert f"{defaults['RefreshIdleDays']} days idle, {defaults['RefreshAbsoluteDays']} days at most" in README
    assert f"grace window ({defaults['RotationGraceSeconds']} seconds)" in SENTENCES


def test_every_route_of_the_template_is_an_example_or_in_the_table(template: dict[str, Any]) -> None:
    """Each route has a curl example or a place in the table of features, and none is named that does not exist."""
    routes = {
        (event["Properties"]["Method"], event["Properties"]["Path"])
        for resource in template["Resources"].values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if "Path" in event["Properties"] and event["Properties"]["Method"] not in ("HEAD", "OPTIONS")
    }
    examples = {
        # A shell variable stands in the place of a path parameter. A request with a body is a POST.
        (
            method or ("POST" if " -d " in command else "GET"),
            re.sub(r"\$(\w+)", lambda name: f"{{{name[1].lower()}}}", path),
        )
        for command in re.findall(r"^curl (.*?)^# →", section("Endpoints"), re.MULTILINE | re.DOTALL)
        for method, path in re.findall(r'-s (?:-X (\w+) )?"\$EDGE_AUTH_URL(/[^"]*)"', command)
    }
    of_features = re.findall(
        r"`([A-Z]+) (/[^`]+)`", "\n".join(" ".join(row) for row in rows(section("Endpoints").split("### Errors")[0]))
    )

    assert examples | set(of_features) == routes
    assert examples.isdisjoint(of_features)
    assert len(of_features) == len(set(of_features))


def test_error_table_is_the_codes_table(template: dict[str, Any]) -> None:
    """The README has every error of the functions with its status, and every one of API Gateway's own.

    A function's 405 is none of them: API Gateway calls a function only with the methods of its routes.
    """
    documented = {
        (int(status), code)
        for statuses, codes, *_ in rows(section("Endpoints").split("### Errors")[1])
        for status, code in _pairs(statuses.split(", "), re.findall(r"`(\w+)`", codes))
    }
    answered = {(error.status, error.code) for error in ERRORS if error is not MethodNotAllowed}
    gateways = {
        (
            response.get("StatusCode", 400),
            json.loads(template_file.by_default(response["ResponseTemplates"]["application/json"]))["error"],
        )
        for response in template["Resources"]["Api"]["Properties"]["GatewayResponses"].values()
    }

    assert documented == answered | gateways


def _pairs(statuses: list[str], codes: list[str]) -> list[tuple[str, str]]:
    return list(zip(statuses * len(codes) if len(statuses) == 1 else statuses, codes, strict=True))


def test_the_time_to_replace_a_leaked_key_is_the_codes() -> None:
    """The README says eight minutes in both sections, and the code has 480 seconds."""
    assert REPLACE_SECONDS == 8 * 60
    assert "the old ones end in 8 minutes" in section("Operate")
    assert "ends in eight minutes by default" in SENTENCES


def test_what_an_idle_stack_costs_is_what_is_counted() -> None:
    """The README has the sum of the cost model, and most of it is for metrics and alarms."""
    assert f"up to ${fixed_month():.2f} a month, most of it for watching it" in SENTENCES
    assert watched_month() > fixed_month() / 2


def test_links_lead_to_files_and_headings() -> None:
    """Every relative link in the documents leads to a file, and to a heading where it names one."""
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)]+)\)", document.read_text(encoding="utf-8")):
            path, _, anchor = target.partition("#")
            file = document.parent / path if path else document
            assert file.exists(), f"{document.name}: {target}"
            assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), f"{document.name}: {target}"


def anchors(text: str) -> set[str]:
    """Return the anchors of a page, as GitHub makes them from its headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
