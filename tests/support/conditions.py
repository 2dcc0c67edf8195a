"""CloudFormation's conditions and rules, resolved for a set of parameters. The template is expanded JSON."""

from collections.abc import Mapping
from typing import Any

NO_VALUE = {"Ref": "AWS::NoValue"}


class Deployed:
    """An expanded template as CloudFormation deploys it with these parameters."""

    def __init__(self, template: Mapping[str, Any], given: Mapping[str, str]) -> None:
        """Give each parameter its value or its default."""
        self._template = template
        self._values = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()} | dict(
            given
        )

    def resources(self) -> dict[str, Any]:
        """Return the resources that are made, with every condition resolved."""
        return {
            name: self.resolved(body)
            for name, body in self._template["Resources"].items()
            if "Condition" not in body or self._holds({"Condition": body["Condition"]})
        }

    def output(self, name: str) -> object:
        """Return the value of an output, None if it is not made."""
        body = self._template["Outputs"][name]
        if "Condition" in body and not self._holds({"Condition": body["Condition"]}):
            return None
        return self.resolved(body["Value"])

    def broken_rules(self) -> list[str]:
        """Return the rules that refuse these parameters."""
        return [
            name
            for name, rule in self._template["Rules"].items()
            if self._holds(rule["RuleCondition"])
            and not all(self._holds(each["Assert"]) for each in rule["Assertions"])
        ]

    def resolved(self, node: Any) -> Any:  # noqa: ANN401 - any JSON
        """Return a value with its conditions, its parameters and its texts resolved. Other references stay."""
        match node:
            case {"Fn::If": [condition, yes, no]}:
                return self.resolved(yes if self._holds({"Condition": condition}) else no)
            case {"Ref": name} if name in self._values:
                return self._values[name]
            case {"Fn::Sub": str() as text}:
                for name, value in self._values.items():
                    text = text.replace(f"${{{name}}}", value)
                return text
            case dict():
                members = {name: self.resolved(value) for name, value in node.items()}
                return {name: value for name, value in members.items() if value != NO_VALUE}
            case list():
                return [value for value in map(self.resolved, node) if value != NO_VALUE]
        return node

    def _holds(self, condition: Any) -> bool:  # noqa: ANN401 - any JSON
        match condition:
            case {"Condition": name}:
                return self._holds(self._template["Conditions"][name])
            case {"Fn::Not": [part]}:
                return not self._holds(part)
            case {"Fn::And": parts}:
                return all(map(self._holds, parts))
            case {"Fn::Equals": [one, other]}:
                return str(self.resolved(one)) == str(self.resolved(other))
        raise LookupError(f"a condition that cannot be resolved here: {condition}")
