"""From a JSON-RPC request to its answer, for one endpoint."""

import inspect
import logging

from ..errors import INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RPCError
from ..faults import Faults, HTTPFault
from .control import ControlMethods
from .eth import EthMethods
from .observation import ObservationMethods
from .pool import PoolMethods
from .view import ChainView

log = logging.getLogger(__name__)
# Methods that tests use on the chain itself: no fault reaches them
CONTROL_PREFIXES = ("dev_", "evm_", "anvil_", "hardhat_")


def _methods_of(provider) -> dict:
    return {name: getattr(provider, name) for name in dir(provider) if not name.startswith("_")}


class Dispatcher:
    """An endpoint: the node's methods, seen through faults of its own."""

    def __init__(self, name: str, node, timer, request_log):
        self._name, self._node, self._log = name, node, request_log
        self.faults = Faults()
        view = ChainView(node.chain, self.faults)
        self._locked = (
            _methods_of(EthMethods(node, view)) | _methods_of(PoolMethods(node)) | _methods_of(ControlMethods(node, timer))
        )
        self._unlocked = _methods_of(ObservationMethods(node, self.faults, request_log))

    def handle(self, request, http_request: int, client_is_gone):
        """A batch is answered in order; the answer to a notification is None."""
        if not isinstance(request, list):
            return self._one(request, http_request, client_is_gone)
        if not request:
            return _failure(None, RPCError(INVALID_REQUEST, "empty batch"))
        if len(request) > self._node.settings.max_batch:
            return [_failure(None, RPCError(INVALID_REQUEST, "batch too large"))]
        answers = [self._one(entry, http_request, client_is_gone) for entry in request]
        return [answer for answer in answers if answer is not None] or None

    def _one(self, request, http_request: int, client_is_gone):
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _failure(request.get("id") if isinstance(request, dict) else None,
                            RPCError(INVALID_REQUEST, "invalid request"))
        identifier = request.get("id")
        try:
            result = self._call(request["method"], request.get("params"), http_request, client_is_gone)
            answer = {"jsonrpc": "2.0", "id": identifier, "result": result}
        except RPCError as error:
            answer = _failure(identifier, error)
        except HTTPFault:
            raise
        except Exception as error:
            log.exception("%s failed", request["method"])
            answer = _failure(identifier, RPCError(INTERNAL_ERROR, f"internal error: {type(error).__name__}: {error}"))
        return answer if "id" in request else None

    def _call(self, name: str, params, http_request: int, client_is_gone):
        arguments = [] if params is None else params
        self._log.call(http_request, self._name, name, arguments)
        if name in self._unlocked:
            return self._unlocked[name](*_checked(self._unlocked[name], arguments))

        def execute():
            method = self._locked.get(name)
            if method is None:
                raise RPCError(METHOD_NOT_FOUND, f"the method {name} does not exist/is not available")
            checked = _checked(method, arguments)
            with self._node.lock:
                return method(*checked)

        if name.startswith(CONTROL_PREFIXES):
            return execute()
        return self.faults.apply(name, arguments, execute, client_is_gone)

    def names(self) -> list[str]:
        return sorted(self._locked | self._unlocked)


def _checked(method, arguments) -> list:
    if not isinstance(arguments, list):
        raise RPCError(INVALID_PARAMS, "non-array args")
    parameters = list(inspect.signature(method).parameters.values())
    required = sum(p.default is inspect.Parameter.empty for p in parameters)
    if len(arguments) < required:
        raise RPCError(INVALID_PARAMS, f"missing value for required argument {len(arguments)}")
    if len(arguments) > len(parameters):
        raise RPCError(INVALID_PARAMS, f"too many arguments, want at most {len(parameters)}")
    return arguments


def _failure(identifier, error: RPCError) -> dict:
    return {"jsonrpc": "2.0", "id": identifier, "error": error.as_json()}
