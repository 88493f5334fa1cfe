"""How often a daemon asks the chain, as a chain with --log-rpc has written it down."""

import json
import pathlib


def logged(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def is_start_of_a_look(call: dict) -> bool:
    """The question for the head, or for events up to whatever the head is."""
    parameter = call["params"][0] if call["params"] else None
    return (call["method"] == "eth_getBlockByNumber" and parameter == "latest") or (
        call["method"] == "eth_getLogs" and parameter.get("toBlock") == "latest")


def calls_per_look(calls: list[dict]) -> list[list[str]]:
    """The methods of each look. What a test asks itself is eth_blockNumber, and not counted."""
    looks: list[list[str]] = []
    for call in calls:
        if is_start_of_a_look(call):
            looks.append([call["method"]])
        elif looks and call["method"].startswith("eth_") and call["method"] != "eth_blockNumber":
            looks[-1].append(call["method"])
    return looks
