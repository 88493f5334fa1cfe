"""Chains that fail, lag, hang, or hold no contract and no money."""

import re

from eth_account import Account
from support.daemon import eventually
from support.errors import told
from support.quick import DEAD_ENDPOINT, farm, world  # noqa: F401 (fixtures)

CONFIGURATION = 78


FAULTS = {
    "garbage": ({"*": {"http": {"status": 200, "body": "<html>not JSON</html>"}}}, "unusable answer"),
    "an error page": ({"*": {"http": {"status": 502, "body": "Bad Gateway"}}}, "502"),
    "closed connections": ({"*": {"disconnect": True}}, ""),
    "results of the wrong type": ({"eth_getBlockByNumber": {"result": 7}}, ""),
    "an error": ({"*": {"error": {"code": -32603, "message": "internal error"}}}, "internal error"),
    # The last, because such an endpoint is not asked again for some time.
    "another chain": ({"eth_chainId": {"result": "0x1"}}, "serves chain 1 where chain 31337 is configured"),
}


def chain_alarm(daemon) -> str | None:
    return next((a["message"] for a in daemon.status()["alarms"] if a["code"] == "chain_unreachable"), None)


def test_a_chain_that_fails_leaves_confirmed_keys_in_use(farm, world):
    """One daemon with a key, started against one bad endpoint after the other."""
    daemon = farm.make(endpoint="moody")
    daemon.start()
    key = daemon.wait_for_key()["key"]
    daemon.settle()

    def is_served():
        answer = daemon.get("/v1/key")
        return answer.status == 200 and answer.json["key"] == key and daemon.get("/v1/health").status == 200

    for name, (methods, words) in FAULTS.items():
        daemon.stop()
        world.chain.rpc("dev_setFaults", {"methods": methods}, endpoint="moody")
        daemon.start()
        assert is_served(), name
        message = eventually(f"an alarm with {name}", lambda: chain_alarm(daemon))
        assert words in message, name
        assert is_served(), name
        endpoint = daemon.status()["endpoints"][0]
        assert endpoint["error"] and not endpoint["url"].endswith("moody"), "paths may hold access tokens"
        world.chain.rpc("dev_clearFaults", endpoint="moody")
        if name != "another chain":
            eventually(f"the alarm is over after {name}", lambda: not daemon.alarms())
    log = daemon.log_text()
    assert "moody" not in log and "<html>" not in log


def test_a_dead_endpoint(farm, world):
    daemon = farm.make()
    daemon.start()
    key = daemon.wait_for_key()["key"]
    daemon.settle()
    daemon.stop()
    daemon.network["rpc"] = [DEAD_ENDPOINT]
    daemon.configure()
    daemon.start()
    assert daemon.get("/v1/key").json["key"] == key
    assert "127.0.0.1" in eventually("an alarm", lambda: chain_alarm(daemon))
    # A revocation takes effect here and now, and goes out when the chain is back.
    fingerprint = daemon.get("/v1/key").json["fingerprint"]
    assert daemon.post("/v1/revoke", {"key": key}).status == 202
    assert told(daemon.get("/v1/key"))[:2] == (503, "no_key")
    daemon.stop()
    daemon.network["rpc"] = [DEAD_ENDPOINT, world.chain.url]
    daemon.configure()
    daemon.start()
    assert daemon.wait_for_key()["fingerprint"] != fingerprint, "the second endpoint is enough"
    daemon.settle()
    revoked = next(k for k in daemon.keys() if k["fingerprint"] == fingerprint)
    assert revoked["state"] == "disabled"
    assert not world.contract.view("isActive", daemon.address, bytes.fromhex(revoked["message"][2:]))


def test_an_endpoint_that_never_answers(farm, world):
    daemon = farm.make(endpoint="mute")
    daemon.start()
    daemon.wait_for_key()
    daemon.settle()
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"hold": "before"}}}, endpoint="mute")
    try:
        world.chain.rpc("dev_awaitHeld", endpoint="mute")
        # Nobody waits for the chain who need not.
        assert daemon.get("/v1/key").status == 200
        assert daemon.post("/v1/rotate", {}).status == 202
        assert daemon.orakey("status", "--json").returncode == 0
        assert daemon.stop() == 0
    finally:
        world.chain.rpc("dev_clearFaults", endpoint="mute")


def test_a_view_that_is_too_old_is_refused_where_configured(farm, world):
    daemon = farm.make(endpoint="ageing")
    daemon.configure(limits={"max_chain_age": "1s"})
    daemon.start()
    daemon.wait_for_key()
    world.chain.rpc("dev_setFaults", {"methods": {"*": {"disconnect": True}}}, endpoint="ageing")
    try:
        eventually("the key is refused", lambda: told(daemon.get("/v1/key"))[:2] == (503, "chain_stale")
                   if daemon.get("/v1/key").status != 200 else False)
        assert daemon.get("/v1/health").json["status"] == "chain_stale"
    finally:
        world.chain.rpc("dev_clearFaults", endpoint="ageing")
    daemon.wait_for_key()


def test_no_code_at_the_address(farm):
    daemon = farm.make()
    address = Account.create().address
    daemon.network["contract"] = address
    daemon.contract = None
    daemon.configure()
    daemon.start()
    message = eventually("an alarm", lambda: next((a["message"] for a in daemon.status()["alarms"]), None))
    assert address in message and "no" in message and "contract" in message.lower()
    assert told(daemon.get("/v1/key"))[:2] == (503, "no_key")


def test_no_funds_for_gas(farm):
    daemon = farm.make(fund=0)
    daemon.start()
    alarm = eventually(
        "an alarm", lambda: next((a for a in daemon.status()["alarms"] if a["code"] == "insufficient_funds"), None))
    assert daemon.address in alarm["message"] and re.search(r"\d", alarm["message"]), "where to send how much"
    assert (daemon.status()["balance"], daemon.get("/v1/key").status) == ("0", 503)
    daemon.fund(daemon.address)
    daemon.wait_for_key()
    eventually("the alarm is over", lambda: "insufficient_funds" not in daemon.alarms())


def test_no_contract_yet(farm):
    daemon = farm.make(contract=False)
    daemon.start()
    assert daemon.alarms() == {"no_contract"}
    status, code, message = told(daemon.post("/v1/keys", {"count": 1}))
    assert (status, code) == (409, "no_contract") and "contract deploy" in message
    assert told(daemon.get("/v1/key"))[:2] == (503, "no_key")
    run = daemon.orakey("keys", "create", check=False)
    assert run.returncode == CONFIGURATION and "contract deploy" in run.stderr
    # Configured later, with the same state.
    daemon.stop()
    daemon.contract = farm.contract
    daemon.configure()
    daemon.start()
    daemon.wait_for_key()
