"""Three endpoints of which two have to agree, and one that lies."""

import pytest
from support.daemon import eventually

from crash.world import World


@pytest.fixture
def quorate(bin_dir, private_dir):
    made = World(bin_dir, private_dir / "q", quorum=2)
    made.daemon.network["rpc"] = [f"{made.chain.url}/{name}" for name in ("one", "two", "liar")]
    made.daemon.configure()
    yield made.begin()
    made.close()


LIES = {
    "no receipts": {"eth_getTransactionReceipt": {"result": None}},
    "receipts of failure": {"eth_getTransactionReceipt": {"patch": {"status": "0x0"}}},
    "receipts without events": {"eth_getTransactionReceipt": {"patch": {"logs": []}}},
    "no events": {"eth_getLogs": {"result": []}},
    "another balance and nonce": {"eth_getBalance": {"result": "0x0"}, "eth_getTransactionCount": {"result": "0xff"}},
    "another head": {"eth_getBlockByNumber": {"patch": {"hash": "0x" + "99" * 32}}},
}


@pytest.mark.parametrize("lie", LIES)
def test_one_of_three_lies(quorate, lie):
    w = quorate
    keys, dead = w.counts()
    key = w.daemon.get("/v1/key").json["fingerprint"]
    w.chain.rpc("dev_setFaults", {"methods": LIES[lie]}, endpoint="liar")
    w.post("/v1/keys", count=3)
    w.settle()
    assert w.daemon.get("/v1/key").json["fingerprint"] == key
    w.post("/v1/revoke", fingerprint=key)
    assert w.daemon.get("/v1/key").json["fingerprint"] != key
    w.settle()
    assert w.counts() == (keys + 3, dead + 1)
    w.chain.rpc("dev_clearFaults", endpoint="liar")
    eventually("nothing is left of it", lambda: not w.daemon.alarms())
    w.check()
