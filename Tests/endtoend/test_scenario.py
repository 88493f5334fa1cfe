"""The whole way with real parts: twelve words, a real EVM, the real programs; judged by outside implementations."""

import json
import pathlib
import subprocess

import base58
from eth_abi import decode
from eth_account import Account
from eth_account.messages import encode_defunct

from support.daemon import eventually
from support.events import next_event
from support.mining import mining


def owner_of(key: str) -> tuple[str, str, bytes]:
    """(network, signer, message) of a key, by base58 and eth-account alone."""
    network, encoded = key.split(":")
    message, signature = base58.b58decode(encoded).decode().split(":")
    raw = bytes.fromhex(message[2:])
    return network, Account.recover_message(encode_defunct(primitive=raw), signature=signature), raw


def test_create_hand_out_rotate_revoke_restart(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 0})
    own_chain.rpc("evm_setAutomine", True)
    daemon.start()
    contract, owner = daemon.contract, daemon.address

    with mining(own_chain):
        # The first key comes unasked.
        daemon.wait_for_key()
        daemon.settle()
        created = own_chain.head()
        daemon.orakey("keys", "create", "-n", "8")
        assert contract.view("keyCount", owner) == 9
        transactions = {k["created_tx"] for k in daemon.keys() if k["created_block"] > created}
        assert len(transactions) == 1, "8 keys, one transaction"
        call = own_chain.rpc("eth_getTransactionByHash", transactions.pop())["input"]
        assert decode(["uint256"], bytes.fromhex(call[10:])) == (8,)

        # Handed out: the same key through every door, and eth-account finds the owner in it.
        key = daemon.orakey("get").stdout.strip()
        network, signer, message = owner_of(key)
        assert (network, signer) == ("BASE", owner)
        assert contract.view("isActive", owner, message)
        curl = subprocess.run(
            ["curl", "-s", "--unix-socket", daemon.agent, "-H", "Accept: text/plain", "http://localhost/v1/key"],
            capture_output=True, text=True, check=True)
        assert curl.stdout == key + "\n"

        # Three rotations.
        seen = [key]
        for _ in range(3):
            daemon.orakey("rotate", "--grace", "0s")
            seen.append(daemon.orakey("get").stdout.strip())
        assert len(set(seen)) == 4
        daemon.settle()
        for old in seen[:-1]:
            assert not contract.view("isActive", owner, owner_of(old)[2])
        current = seen[-1]
        assert contract.view("isActive", owner, owner_of(current)[2])

        # One revoked by its string: gone from circulation before the reply.
        answer = daemon.post("/v1/revoke", {"key": current, "reason": "pasted in a chat"})
        assert answer.status == 202, answer
        successor = daemon.get("/v1/key").json["key"]
        assert successor != current

        # One by fingerprint.
        fingerprint = daemon.get("/v1/key").json["fingerprint"]
        daemon.orakey("revoke", fingerprint)
        assert daemon.get("/v1/key").json["fingerprint"] != fingerprint
        before = daemon.keys()

        daemon.settle()
        assert daemon.stop() == 0
        daemon.start()
        last = daemon.wait_for_key()["key"]
        daemon.settle()

    listed = json.loads(daemon.orakey("keys", "list", "--json").stdout)["keys"]
    assert {k["message"] for k in before} <= {k["message"] for k in listed}, "nothing lost"
    assert len(listed) == contract.view("keyCount", owner)
    for row in listed:
        alive = contract.view("isActive", owner, bytes.fromhex(row["message"][2:]))
        assert alive == (row["state"] in ("pooled", "current", "retiring", "pending")), row
    assert [k["state"] for k in listed].count("current") == 1
    assert owner_of(last)[2].hex() == next(k for k in listed if k["state"] == "current")["message"][2:]
    assert all(i["state"] == "confirmed" for i in daemon.intents())
    assert daemon.alarms() == set()


def test_no_secret_is_left_anywhere(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 1})
    daemon.start()
    with mining(own_chain):
        key = daemon.wait_for_key()["key"]
        daemon.orakey("rotate", "--grace", "0s")
        other = daemon.get("/v1/key").json["key"]
        daemon.settle()
    process = pathlib.Path(f"/proc/{daemon.process.pid}")
    environment, arguments = (process / "environ").read_bytes(), (process / "cmdline").read_bytes()
    daemon.stop()
    secrets = [key, other, key.split(":")[1], daemon.passphrase.read_text().strip()]
    files = [p for p in daemon.folder.rglob("*") if p.is_file() and p != daemon.passphrase]
    assert any(p.name == "journal.sqlite" for p in files)
    for secret in secrets:
        assert secret.encode() not in environment + arguments
        for path in files:
            assert secret.encode() not in path.read_bytes(), path.name


def test_a_watcher_sees_every_change(own_chain, make_daemon):
    daemon = make_daemon(own_chain, pool={"target": 2})
    daemon.start()
    with mining(own_chain):
        first = daemon.wait_for_key()
        eventually("the pool is full", lambda: daemon.status()["pool"]["ready"] == 2)
        watch = subprocess.Popen(
            ["curl", "-sN", "--unix-socket", daemon.agent, "http://localhost/v1/watch"], stdout=subprocess.PIPE, text=True)
        try:
            assert next_event(watch) == ("key", first)
            daemon.orakey("rotate", "--no-wait")
            name, second = next_event(watch)
            assert name == "key" and second["generation"] == first["generation"] + 1
            daemon.post("/v1/revoke", {"fingerprint": second["fingerprint"]})
            events = [next_event(watch), next_event(watch)]
            assert [e[0] for e in events] in (["revoked", "key"], ["key", "revoked"])
            daemon.post("/v1/lock")
            assert next_event(watch)[0] == "locked"
            assert daemon.get("/v1/key").status == 423
        finally:
            watch.kill()
            watch.communicate()
