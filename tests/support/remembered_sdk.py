"""What the SDK reads for each session and computes for each client, and moto for each request: in tests, once."""

from functools import cache
from typing import Any

import botocore.session
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.loaders import Loader, create_loader
from moto.core import responses
from moto.core.utils import method_names_from_class

# One for all event names: every client knows the SDK's own aliases and no other.
_alias = cache(EventAliaser(HierarchicalEmitter())._alias_event_name)  # type: ignore[attr-defined]  # it is private
# The service models by the setting that adds folders to the SDK's own.
_models: dict[str | None, dict[Any, Any]] = {}


def remember() -> None:
    """Let sessions share the service models, clients the names of events, and requests the names of operations."""
    botocore.session.create_loader = _loader
    EventAliaser._alias_event_name = lambda _self, event_name: _alias(event_name)  # type: ignore[attr-defined]
    responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]


def _loader(search_path_string: str | None = None) -> Loader:
    loader = create_loader(search_path_string)
    loader._cache = _models.setdefault(search_path_string, {})  # type: ignore[attr-defined]
    return loader
