"""What the SDK reads for each session and computes for each client, and moto for each request: in tests, once.

Each of these is a pure function of what it is remembered by.
"""

import os
from collections import deque
from functools import cache
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakKeyDictionary

import botocore.session
from botocore import client, endpoint, hooks, regions
from botocore.client import ClientCreator
from botocore.endpoint_provider import EndpointProvider
from botocore.hooks import EventAliaser, HierarchicalEmitter, NodeList
from botocore.loaders import Loader, create_loader
from botocore.model import ServiceModel
from botocore.useragent import UserAgentComponent
from botocore.utils import get_environ_proxies
from moto.core import responses
from moto.core.serialize import AttributePicker, ResponseSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]  # it has no types
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]  # it has no types

# One for all event names: every client knows the SDK's own aliases and no other.
_alias = cache(EventAliaser(HierarchicalEmitter())._alias_event_name)  # type: ignore[attr-defined]  # it is private
# The service models by the setting that adds folders to the SDK's own.
_models: dict[str | None, dict[Any, Any]] = {}
# The methods of clients, by the service and its operations.
_methods: dict[tuple[Any, ...], dict[str, Any]] = {}
# What the models say of a service, which no client changes, by its name and the identity of the data, which is kept.
_services: dict[tuple[int, str], ServiceModel] = {}
# Whether a handler of events takes any parameter, by its function.
_takes_all: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
# The proxies to an address, by all variables of the environment.
_proxies: dict[tuple[Any, ...], dict[str, str]] = {}
# What finds the address of a service, by the identities of its rules and of the data of Regions, which are kept.
_providers: dict[tuple[Any, ...], tuple[EndpointProvider, Any, Any]] = {}
# The names under which moto looks for a member of an answer, by the member.
_names: dict[tuple[Any, ...], tuple[str, ...]] = {}
# Whether an object is a node of an expression, by its class.
_nodes: dict[type, bool] = {}
# Whether a traverser of expressions looks at a node, by the classes of both.
_looks_at: dict[tuple[type, type], bool] = {}
_create_methods = ClientCreator._create_methods  # type: ignore[attr-defined]  # it is private
_accepts_kwargs = hooks.accepts_kwargs
_append_item = hooks._PrefixTrie.append_item  # type: ignore[attr-defined]  # it is private
_remove_item = hooks._PrefixTrie.remove_item  # type: ignore[attr-defined]
_possible_keys = AttributePicker.get_possible_keys
_value = ResponseSerializer.get_value
_lex = ConditionExpressionParser._lex_condition_expression


def remember() -> None:
    """Let sessions share the service models, clients what the models say, and requests what moto knows of them."""
    botocore.session.create_loader = _loader
    EventAliaser._alias_event_name = lambda _self, event_name: _alias(event_name)  # type: ignore[attr-defined]
    # The handlers of events are a tree. Copies share its nodes, and each change copies the nodes on its way.
    hooks._PrefixTrie.__copy__ = _shared  # type: ignore[attr-defined]
    hooks._PrefixTrie.append_item = _append  # type: ignore[attr-defined]
    hooks._PrefixTrie.remove_item = _remove  # type: ignore[attr-defined]
    hooks.accepts_kwargs = _remembered_form  # type: ignore[assignment]
    client.ServiceModel = _remembered_service  # type: ignore[assignment, misc]
    endpoint.get_environ_proxies = _remembered_proxies
    ClientCreator._create_methods = _remembered_methods  # type: ignore[attr-defined]
    regions.EndpointProvider = _remembered_provider  # type: ignore[attr-defined]
    UserAgentComponent.to_string = cache(UserAgentComponent.to_string)  # type: ignore[method-assign]
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]
    AttributePicker.get_possible_keys = _remembered_names  # type: ignore[assignment, method-assign]
    ResponseSerializer.get_value = _remembered_value  # type: ignore[assignment, method-assign]
    DepthFirstTraverser.traverse_node_recursively = _traverse
    ConditionExpressionParser._lex_condition_expression = _remembered_words  # type: ignore[assignment]
    # Moto changes a copy of the parsed expression only.
    UpdateExpressionParser.make = cache(UpdateExpressionParser.make)


def _loader(search_path_string: str | None = None) -> Loader:
    loader = create_loader(search_path_string)
    loader._cache = _models.setdefault(search_path_string, {})  # type: ignore[attr-defined]
    return loader


def _shared(handlers: Any) -> Any:  # noqa: ANN401 - it has no types
    copy = object.__new__(type(handlers))
    copy._root = handlers._root
    return copy


def _append(handlers: Any, key: str, value: Any, section: int = hooks._MIDDLE) -> None:  # type: ignore[attr-defined]  # noqa: ANN401 - it has no types
    _own_path(handlers, key)
    _append_item(handlers, key, value, section)


def _remove(handlers: Any, key: str, value: Any) -> None:  # noqa: ANN401 - it has no types
    _own_path(handlers, key)
    _remove_item(handlers, key, value)


def _own_path(handlers: Any, key: str) -> None:  # noqa: ANN401 - it has no types
    node = handlers._root = _own(handlers._root)
    for part in key.split("."):
        if part not in node["children"]:
            return
        node["children"][part] = node = _own(node["children"][part])


def _own(node: dict[str, Any]) -> dict[str, Any]:
    values = node["values"]
    return {
        "chunk": node["chunk"],
        "values": values and NodeList(values.first[:], values.middle[:], values.last[:]),
        "children": {**node["children"]},
    }


def _remembered_form(handler: Any) -> Any:  # noqa: ANN401 - anything that can be called
    function = handler.__func__ if isinstance(handler, MethodType) else handler
    if type(function) is not FunctionType:
        return _accepts_kwargs(handler)
    if function not in _takes_all:
        _takes_all[function] = _accepts_kwargs(handler)
    return _takes_all[function]


def _remembered_service(service_description: Any, service_name: str) -> ServiceModel:  # noqa: ANN401 - JSON
    known = (id(service_description), service_name)
    if known not in _services:
        _services[known] = ServiceModel(service_description, service_name)
    return _services[known]


def _remembered_proxies(url: str) -> dict[str, str]:
    known = (url, frozenset(getattr(os.environ, "_data", os.environ).items()))
    if known not in _proxies:
        _proxies[known] = get_environ_proxies(url)
    return dict(_proxies[known])


def _remembered_methods(creator: ClientCreator, model: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's own type
    service = (model.service_name, *model.operation_names)
    if service not in _methods:
        _methods[service] = _create_methods(creator, model)
    return dict(_methods[service])


def _remembered_provider(ruleset_data: Any, partition_data: Any, excluded_params: Any = None) -> EndpointProvider:  # noqa: ANN401 - JSON
    known = (id(ruleset_data), id(partition_data), frozenset(excluded_params or ()))
    if known not in _providers:
        provider = EndpointProvider(ruleset_data, partition_data, excluded_params)
        _providers[known] = provider, ruleset_data, partition_data
    return _providers[known][0]


def _remembered_names(picker: AttributePicker, context: Any) -> Any:  # noqa: ANN401 - moto's own types
    if type(context.obj) is not dict:  # names of an object depend on its class
        return _possible_keys(picker, context)
    member = (tuple(picker.alias_providers), context.key, context.shape)
    if member not in _names:
        _names[member] = tuple(_possible_keys(picker, context))
    return _names[member]


def _remembered_value(serializer: Any, value: Any, key: str, shape: Any) -> Any:  # noqa: ANN401 - moto's own types
    picker = serializer._value_picker
    if type(value) is dict and isinstance(picker, AttributePicker) and not picker.response_transformers:
        names = _names.get((tuple(picker.alias_providers), key, shape))
        if names is not None:
            return next((value[name] for name in names if name in value), None)
    return _value(serializer, value, key, shape)


def _traverse(traverser: Any, node: Any, child_id: int = -1) -> Any:  # noqa: ANN401 - it has no types
    if type(node) not in _nodes:
        _nodes[type(node)] = isinstance(node, Node)
    if not _nodes[type(node)]:
        return node
    parent = node.parent
    for number, child in enumerate(node.children or ()):
        traverser.pre_processing_of_child(node, number)
        _traverse(traverser, child, number)
    kinds = type(traverser), type(node)
    if kinds not in _looks_at:
        _looks_at[kinds] = isinstance(node, traverser.nodes_to_be_processed())
    if _looks_at[kinds]:
        node = traverser.process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


@cache
def _words(expression: str) -> tuple[Any, ...]:
    return tuple(_lex(ConditionExpressionParser(expression, None, None)))


def _remembered_words(parser: ConditionExpressionParser) -> deque[Any]:
    return deque(_words(parser.condition_expression or ""))
