"""Faults on demand, for one endpoint: slow, failing, lying, cut off, held back.

A rule belongs to a method ("*": every method) and is used up after `times` calls (never, unless told), the first `skip`
of which pass. Fields:
  latencyMs                    wait before the call
  error {code, message, data}  answer this error; with "after": true the call takes effect first
  result ANY                   answer this instead; with "after": true the call takes effect first
  patch {field: value}         answer the true result with these fields changed
  http {status, headers, body} answer this instead of the whole request (status 429, 502, garbage ...); "after" likewise
  drop true                    answer a raw transaction's hash and forget it
  disconnect true              close the connection without an answer; "after" likewise
  hold "before" | "after"      keep the call waiting there until dev_release or until its client has gone
"""

import random
import threading
import time
from dataclasses import dataclass, field

from eth_utils import keccak

from .encoding import data, read_data
from .errors import INTERNAL_ERROR, RPCError, invalid

RULE_FIELDS = {"times", "skip", "latencyMs", "error", "after", "result", "patch", "http", "drop", "disconnect", "hold"}
ANSWERS = ("error", "result", "patch", "http", "drop", "disconnect")
# A held call whose test has died ends all the same
HOLD_LIMIT_SECONDS = 120


class HTTPFault(Exception):
    """The whole HTTP request gets this answer; status None closes the connection."""

    def __init__(self, status: int | None, headers: dict | None = None, body: str = ""):
        super().__init__(status)
        self.status, self.headers, self.body = status, headers or {}, body


@dataclass
class Rule:
    fields: dict
    remaining: int | None
    to_skip: int

    def use_up(self) -> bool:
        if self.to_skip:
            self.to_skip -= 1
            return False
        if self.remaining is None:
            return True
        self.remaining -= 1
        return self.remaining >= 0


@dataclass
class Faults:
    latency_ms: float = 0
    error_rate: float = 0
    # Answers as if the chain ended this many blocks earlier
    lag_blocks: int = 0
    # Answers as if no block came after the one with this number
    stands_at: int | None = None
    rules: dict[str, Rule] = field(default_factory=dict)
    _dice: random.Random = field(default_factory=lambda: random.Random(1))
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _held: int = 0
    _releases: int = 0

    def configure(self, options) -> dict:
        if not isinstance(options, dict):
            raise invalid("dev_setFaults takes an object")
        if unknown := set(options) - {"latencyMs", "errorRate", "lagBlocks", "standsAt", "methods"}:
            raise invalid(f"unknown fault option: {sorted(unknown)[0]}")
        for name in ("latencyMs", "errorRate", "lagBlocks", "standsAt"):
            value = options.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise invalid(f"{name} is a number, 0 or more")
        rules = {method: self._rule(method, fields) for method, fields in (options.get("methods") or {}).items()}
        with self._turn:
            self.latency_ms = options.get("latencyMs", self.latency_ms)
            self.error_rate = options.get("errorRate", self.error_rate)
            self.lag_blocks = int(options.get("lagBlocks", self.lag_blocks))
            self.stands_at = options.get("standsAt", self.stands_at)
            for method, rule in rules.items():
                if rule is None:
                    self.rules.pop(method, None)
                else:
                    self.rules[method] = rule
        return self.as_json()

    @staticmethod
    def _rule(method: str, fields) -> Rule | None:
        if fields is None:
            return None
        if unknown := set(fields) - RULE_FIELDS:
            raise invalid(f"unknown field in the rule for {method}: {sorted(unknown)[0]}")
        if sum(answer in fields for answer in ANSWERS) > 1:
            raise invalid(f"the rule for {method} has more than one answer")
        if fields.get("hold") not in (None, "before", "after"):
            raise invalid(f'the rule for {method}: hold is "before" or "after"')
        return Rule(fields, fields.get("times"), fields.get("skip", 0))

    def clear(self):
        with self._turn:
            self.latency_ms = self.error_rate = self.lag_blocks = 0
            self.stands_at = None
            self.rules.clear()
        self.release()

    def as_json(self) -> dict:
        return {
            "latencyMs": self.latency_ms,
            "errorRate": self.error_rate,
            "lagBlocks": self.lag_blocks,
            "standsAt": self.stands_at,
            "held": self._held,
            "methods": {
                method: {**rule.fields, "remaining": rule.remaining if rule.remaining is None else max(rule.remaining, 0)}
                for method, rule in self.rules.items()
            },
        }

    # Around a call

    def apply(self, method: str, params: list, execute, client_is_gone):
        """Runs `execute()` with whatever the rules say for this method."""
        if self.latency_ms:
            time.sleep(self.latency_ms / 1000)
        rule = self._matching(method)
        if self.error_rate and self._dice.random() < self.error_rate:
            raise RPCError(INTERNAL_ERROR, "injected fault")
        if rule is None:
            return execute()
        if rule.get("latencyMs"):
            time.sleep(rule["latencyMs"] / 1000)
        if rule.get("hold") == "before":
            self._wait_held(client_is_gone)
        takes_effect = rule.get("after", False) or "patch" in rule or not any(a in rule for a in ANSWERS)
        result = execute() if takes_effect else None
        if rule.get("hold") == "after":
            self._wait_held(client_is_gone)
        return self._answer(rule, params, result)

    def _matching(self, method: str) -> dict | None:
        with self._turn:
            for name in (method, "*"):
                if name in self.rules and self.rules[name].use_up():
                    return self.rules[name].fields
        return None

    @staticmethod
    def _answer(rule: dict, params: list, result):
        if "error" in rule:
            error = rule["error"]
            raise RPCError(error.get("code", INTERNAL_ERROR), error.get("message", "injected fault"), error.get("data"))
        if "http" in rule:
            raise HTTPFault(rule["http"]["status"], rule["http"].get("headers"), rule["http"].get("body", ""))
        if rule.get("disconnect"):
            raise HTTPFault(None)
        if rule.get("drop"):
            return data(keccak(read_data(params[0] if params else None)))
        if "patch" in rule:
            return {**result, **rule["patch"]} if isinstance(result, dict) else result
        return rule["result"] if "result" in rule else result

    # Held calls

    def _wait_held(self, client_is_gone):
        deadline = time.monotonic() + HOLD_LIMIT_SECONDS
        with self._turn:
            self._held += 1
            seen = self._releases
            self._turn.notify_all()
            while self._releases == seen and not client_is_gone() and time.monotonic() < deadline:
                self._turn.wait(0.05)
            self._held -= 1
            self._turn.notify_all()

    def release(self) -> int:
        """Lets all held calls go on; returns how many there were."""
        with self._turn:
            self._releases += 1
            self._turn.notify_all()
            return self._held

    def wait_until_held(self, calls: int, timeout: float) -> bool:
        """Whether that many calls are held, none for 0, before the time is up."""
        with self._turn:
            return self._turn.wait_for(lambda: self._held >= calls if calls else not self._held, timeout)
