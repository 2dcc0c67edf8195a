"""What the SDK reads for each session and computes for each client, and moto for each request: in tests, once.

Each of these is a pure function of what it is remembered by.
"""

from collections import deque
from functools import cache
from typing import Any

import botocore.session
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.loaders import Loader, create_loader
from moto.core import responses
from moto.core.serialize import AttributePicker
from moto.core.utils import method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser  # type: ignore[attr-defined]  # it has no types
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]  # it has no types

# One for all event names: every client knows the SDK's own aliases and no other.
_alias = cache(EventAliaser(HierarchicalEmitter())._alias_event_name)  # type: ignore[attr-defined]  # it is private
# The service models by the setting that adds folders to the SDK's own.
_models: dict[str | None, dict[Any, Any]] = {}
# The names under which moto looks for a member of an answer, by the member.
_names: dict[tuple[Any, ...], tuple[str, ...]] = {}
# The kinds of nodes that a traverser of expressions looks at, by its class.
_kinds: dict[type, tuple[type, ...]] = {}
_possible_keys = AttributePicker.get_possible_keys
_node_kinds = DepthFirstTraverser.nodes_to_be_processed
_lex = ConditionExpressionParser._lex_condition_expression


def remember() -> None:
    """Let sessions share the service models, clients the names of events, and requests what moto knows of them."""
    botocore.session.create_loader = _loader
    EventAliaser._alias_event_name = lambda _self, event_name: _alias(event_name)  # type: ignore[attr-defined]
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    AttributePicker.get_possible_keys = _remembered_names  # type: ignore[assignment, method-assign]
    DepthFirstTraverser.nodes_to_be_processed = _remembered_kinds
    ConditionExpressionParser._lex_condition_expression = _remembered_words  # type: ignore[assignment]
    # Moto changes a copy of the parsed expression only.
    UpdateExpressionParser.make = cache(UpdateExpressionParser.make)


def _loader(search_path_string: str | None = None) -> Loader:
    loader = create_loader(search_path_string)
    loader._cache = _models.setdefault(search_path_string, {})  # type: ignore[attr-defined]
    return loader


def _remembered_names(picker: AttributePicker, context: Any) -> Any:  # noqa: ANN401 - moto's own types
    if type(context.obj) is not dict:  # names of an object depend on its class
        return _possible_keys(picker, context)
    member = (tuple(picker.alias_providers), context.key, context.shape)
    if member not in _names:
        _names[member] = tuple(_possible_keys(picker, context))
    return _names[member]


def _remembered_kinds(traverser: Any) -> tuple[type, ...]:  # noqa: ANN401 - it has no types
    if type(traverser) not in _kinds:
        _kinds[type(traverser)] = _node_kinds(traverser)
    return _kinds[type(traverser)]


@cache
def _words(expression: str) -> tuple[Any, ...]:
    return tuple(_lex(ConditionExpressionParser(expression, None, None)))


def _remembered_words(parser: ConditionExpressionParser) -> deque[Any]:
    return deque(_words(parser.condition_expression or ""))
