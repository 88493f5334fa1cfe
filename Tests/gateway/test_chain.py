"""What the gateway makes of its chain: reorgs, late and broken endpoints, restarts, depth."""

import contextlib
import sqlite3

import pytest
from support.contracts import ApiKeys
from support.daemon import eventually

from .conftest import Owner, network_of

FAULT = {"code": -32000, "message": "out of order"}


def calls(chain, method) -> int:
    return chain.rpc("dev_calls")["methods"].get(method, 0)


def becomes(gateway, key, status):
    eventually(f"the key is answered {status}", lambda: gateway.auth(key).status == status)


def test_a_disable_is_acted_on_at_the_next_look(make_gateway, contract, own_chain, key_owner):
    """The look during which the disable is mined finds it: one answer about the head is held until then."""
    gateway = make_gateway({"BASE": network_of(contract)}).start()
    [key] = key_owner.create()
    becomes(gateway, key, 200)
    own_chain.rpc("dev_setFaults", {"methods": {"eth_getBlockByNumber": {"hold": "before", "times": 1}}})
    assert own_chain.rpc("dev_awaitHeld")
    key_owner.disable(1)
    # The look that was held goes on, and finds the disable.
    looks = calls(own_chain, "eth_getBlockByNumber")
    own_chain.rpc("dev_setFaults", {"methods": {"eth_getBlockByNumber": {"hold": "before"}}})
    own_chain.rpc("dev_release")
    # The next look is held in its turn, so that only one has passed.
    assert own_chain.rpc("dev_awaitHeld")
    assert gateway.auth(key).status == 401
    assert calls(own_chain, "eth_getBlockByNumber") == looks + 1
    own_chain.rpc("dev_clearFaults")
    own_chain.rpc("dev_release")


def test_a_reorg_brings_a_key_back(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    disable = key_owner.disable(1)
    becomes(gateway, key, 401)
    own_chain.rpc("dev_reorg", 1, {"lose": [disable]})
    becomes(gateway, key, 200)
    # And the disable comes again.
    key_owner.disable(1)
    becomes(gateway, key, 401)


def test_a_reorg_takes_a_key_away(gateway, key_owner, own_chain):
    key_owner.create()
    create = key_owner.contract.transact(key_owner.account, "createKey")["transactionHash"]
    key = key_owner.text(2)
    becomes(gateway, key, 200)
    own_chain.rpc("dev_reorg", 1, {"lose": [create]})
    becomes(gateway, key, 401)
    assert gateway.auth(key_owner.text(1)).status == 200


def test_a_deep_reorg_is_followed_to_its_root(gateway, key_owner, own_chain, contract, other):
    second = Owner(other, contract)
    keys = [*key_owner.create(), *second.create(), *second.create()]
    disable = key_owner.disable(1)
    for _ in range(80):
        own_chain.rpc("evm_mine")
    second.disable(1)
    gateway.follows(own_chain.head())
    assert [gateway.auth(key).status for key in keys] == [401, 401, 200]
    own_chain.rpc("dev_reorg", 82, {"lose": [disable]})
    becomes(gateway, keys[0], 200)
    assert [gateway.auth(key).status for key in keys] == [200, 401, 200]


def test_a_reorg_while_the_gateway_was_down(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    disable = key_owner.disable(1)
    becomes(gateway, key, 401)
    gateway.stop()
    own_chain.rpc("dev_reorg", 1, {"lose": [disable]})
    own_chain.rpc("evm_mine")
    gateway.start()
    assert gateway.auth(key).status == 200


def test_a_restart_reads_only_what_is_new(gateway, key_owner, own_chain):
    keys = key_owner.create(2)
    key_owner.disable(1)
    gateway.follows(own_chain.head())
    gateway.stop()
    key_owner.disable(2)
    before = calls(own_chain, "eth_getLogs")
    gateway.start()
    assert [gateway.auth(key).status for key in keys] == [401, 401]
    assert calls(own_chain, "eth_getLogs") == before + 1
    with sqlite3.connect(f"file:{gateway.folder}/state/gateway.sqlite?mode=ro", uri=True) as database:
        assert database.execute("SELECT count(*), count(disabled) FROM key").fetchone() == (2, 2)
    database.close()


def test_nothing_is_good_before_the_chain_was_seen(make_gateway, contract, own_chain, key_owner):
    [key] = key_owner.create()
    gateway = make_gateway({"BASE": network_of(contract)}).start()
    assert gateway.auth(key).status == 200
    gateway.stop()
    own_chain.rpc("dev_setFaults", {"methods": {"*": {"error": FAULT}}})
    gateway.start(healthy=False)
    answer = gateway.auth(key)
    assert answer.status == 503 and answer.headers["Retry-After"]
    assert answer.json["error"]["type"] == "server_error"
    health = gateway.get("/healthz")
    assert health.status == 503 and b"BASE" in health.body
    own_chain.rpc("dev_clearFaults")
    becomes(gateway, key, 200)


def test_a_view_that_is_too_old_refuses_everybody(make_gateway, contract, own_chain, key_owner):
    [key] = key_owner.create()
    gateway = make_gateway({"BASE": network_of(contract, max_chain_age="1s")}).start()
    assert gateway.auth(key).status == 200
    own_chain.rpc("dev_setFaults", {"methods": {"*": {"disconnect": True}}})
    becomes(gateway, key, 503)
    nginx = gateway.auth(key, "/auth?nginx=1")
    assert nginx.status == 403 and nginx.headers["X-Ora-Status"] == "503"
    assert gateway.get("/healthz").status == 503
    assert gateway.metrics()['orakey_gateway_view_usable{network="BASE"}'] == 0
    own_chain.rpc("dev_clearFaults")
    becomes(gateway, key, 200)


def test_a_head_that_stands_still_is_too_old(make_gateway, contract, own_chain, key_owner):
    """An endpoint that goes on answering with a block of yesterday."""
    [key] = key_owner.create()
    own_chain.rpc("evm_mine")
    gateway = make_gateway({"BASE": network_of(contract, max_head_age="2s")}).start(healthy=False)
    gateway.follows(own_chain.head())
    becomes(gateway, key, 503)
    assert gateway.metrics()['orakey_gateway_head_block{network="BASE"}'] == own_chain.head()


def test_one_networks_trouble_is_not_the_others(make_gateway, start_chain, contract, key_owner):
    other_chain = start_chain("--chain-id", "10")
    elsewhere = Owner(key_owner.account, ApiKeys.deploy(other_chain), "OPTIMISM")
    gateway = make_gateway({
        "BASE": network_of(contract), "OPTIMISM": network_of(elsewhere.contract, max_chain_age="1s")}).start()
    [here], [there] = key_owner.create(), elsewhere.create()
    becomes(gateway, here, 200)
    becomes(gateway, there, 200)
    other_chain.rpc("dev_setFaults", {"methods": {"*": {"disconnect": True}}})
    becomes(gateway, there, 503)
    assert gateway.auth(here).status == 200


def test_an_endpoint_that_lags_brings_no_key_back(gateway, key_owner, own_chain):
    """A node some blocks behind says nothing of the present: the disable that it has not seen stays."""
    [key] = key_owner.create()
    own_chain.rpc("evm_mine")
    key_owner.disable(1)
    head = own_chain.head()
    gateway.follows(head)
    assert gateway.auth(key).status == 401
    own_chain.rpc("dev_setFaults", {"lagBlocks": 1})
    looks = calls(own_chain, "eth_getBlockByNumber")
    own_chain.rpc("dev_awaitCalls", "eth_getBlockByNumber", looks + 4)
    assert gateway.auth(key).status == 401
    assert gateway.metrics()['orakey_gateway_head_block{network="BASE"}'] == head


@pytest.mark.parametrize("confirmations", [1, "safe"])
@pytest.mark.parametrize("fault", ["lags", "stands still"])
def test_an_endpoint_behind_hides_nothing_that_another_knows(
        make_gateway, contract, own_chain, key_owner, fault, confirmations):
    [key] = key_owner.create()
    own_chain.rpc("evm_mine", 70)
    endpoints = [f"{own_chain.url}/{name}" for name in ("first", "second")]
    gateway = make_gateway({"BASE": network_of(contract, rpc=endpoints, confirmations=confirmations)}).start()
    becomes(gateway, key, 200)
    rule = {"lagBlocks": 4} if fault == "lags" else {"standsAt": own_chain.head()}
    own_chain.rpc("dev_setFaults", rule, endpoint="first")
    key_owner.disable(1)
    own_chain.rpc("evm_mine")
    becomes(gateway, key, 401)
    assert gateway.metrics()['orakey_gateway_head_block{network="BASE"}'] == own_chain.head()


@pytest.mark.parametrize("confirmations, blocks", [(3, 2), ("safe", 2)])
def test_a_create_counts_at_its_depth_and_a_disable_at_once(
    make_gateway, contract, own_chain, key_owner, confirmations, blocks):
    gateway = make_gateway({"BASE": network_of(contract, confirmations=confirmations)}).start(healthy=False)
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    early = gateway.auth(key)
    assert early.status == 401 and "just now" in early.json["error"]["message"] and early.headers["Retry-After"]
    for _ in range(blocks):
        assert gateway.auth(key).status == 401
        own_chain.rpc("evm_mine")
        gateway.follows(own_chain.head())
    assert gateway.auth(key).status == 200
    key_owner.disable(1)
    gateway.follows(own_chain.head())
    assert "disabled" in gateway.auth(key).json["error"]["message"]


def test_an_endpoint_that_limits_ranges_is_asked_for_less(make_gateway, contract, own_chain, key_owner):
    keys = key_owner.create(128)
    for _ in range(40):
        own_chain.rpc("evm_mine")
    refusal = {"code": -32005, "message": "query returned more than 10000 results"}
    own_chain.rpc("dev_setFaults", {"methods": {"eth_getLogs": {"error": refusal, "times": 5}}})
    gateway = make_gateway({"BASE": network_of(contract)}).start()
    assert [gateway.auth(key).status for key in keys[::16]] == [200] * 8
    assert gateway.metrics()["orakey_gateway_keys"] == 128


def test_logs_of_other_contracts_and_lies_are_not_believed(gateway, key_owner, own_chain, other):
    [key] = key_owner.create()
    becomes(gateway, key, 200)
    good = own_chain.rpc("eth_getLogs", {"fromBlock": "earliest", "address": key_owner.contract.address})[0]
    foreign = {**good, "address": other.address}
    broken = {**good, "topics": good["topics"][:2]}
    removed = {**good, "removed": True}
    own_chain.rpc(
        "dev_setFaults", {"methods": {"eth_getLogs": {"result": [foreign, broken, removed], "times": 1}}})
    own_chain.rpc("evm_mine")
    gateway.follows(own_chain.head())
    assert gateway.metrics()["orakey_gateway_keys"] == 1
    # A log of a block that was not asked for: the look counts for nothing, and the next is right.
    stray = {**good, "topics": [good["topics"][0], good["topics"][1], "0x" + key_owner.contract.message(9).hex()]}
    own_chain.rpc("dev_setFaults", {"methods": {"eth_getLogs": {"result": [stray], "times": 1}}})
    own_chain.rpc("evm_mine")
    gateway.follows(own_chain.head())
    assert gateway.auth(key_owner.text(9)).status == 401
    assert gateway.metrics()["orakey_gateway_keys"] == 1


@pytest.mark.parametrize("number", ["0xffffffffffffffff", "0x1000000000000"])
@pytest.mark.parametrize("field", ["number", "timestamp"])
def test_a_block_beyond_all_numbers_ends_nothing(gateway, key_owner, own_chain, number, field):
    [key] = key_owner.create()
    becomes(gateway, key, 200)
    lie = {**own_chain.rpc("eth_getBlockByNumber", "latest", False), "hash": "0x" + "ab" * 32, field: number}
    asked = calls(own_chain, "eth_getBlockByNumber")
    own_chain.rpc("dev_setFaults", {"methods": {"eth_getBlockByNumber": {"result": lie, "times": 3}}})
    eventually("it was told", lambda: calls(own_chain, "eth_getBlockByNumber") > asked + 3)
    own_chain.rpc("evm_mine")
    gateway.follows(own_chain.head())
    assert gateway.auth(key).status == 200


def test_a_contract_that_is_not_there_is_named(make_gateway, contract, own_chain, other):
    network = {**network_of(contract), "contract": other.address}
    gateway = make_gateway({"BASE": network}).start(healthy=False)
    eventually("the log says so", lambda: "there is no contract at" in gateway.log_text())
    assert gateway.get("/healthz").status == 503


def test_a_damaged_database_is_set_aside(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    becomes(gateway, key, 200)
    gateway.stop()
    path = gateway.folder / "state" / "gateway.sqlite"
    path.write_bytes(b"not a database" * 1000)
    gateway.start()
    assert gateway.auth(key).status == 200
    assert (gateway.folder / "state" / "gateway.sqlite.corrupt").exists()


def test_damage_among_the_keys_is_set_aside_too(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    assert gateway.stop() == 0
    database = gateway.folder / "state" / "gateway.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'key'")
        [(size,)] = connection.execute("PRAGMA page_size")
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)
    gateway.start()
    assert gateway.auth(key).status == 200
    assert (gateway.folder / "state" / "gateway.sqlite.corrupt").exists()


def test_a_store_that_is_damaged_in_use_ends_the_service(gateway, key_owner, own_chain):
    """So that whoever watches over it starts it again, which mends it."""
    [key] = key_owner.create()
    becomes(gateway, key, 200)
    with contextlib.closing(sqlite3.connect(gateway.folder / "state" / "gateway.sqlite")) as database, database:
        database.execute("PRAGMA writable_schema = ON")
        database.execute("UPDATE sqlite_schema SET sql = 'CREATE TABLE nonsense' WHERE name = 'key'")
        database.execute("PRAGMA schema_version = 4711")
    key_owner.disable(1)
    assert gateway.process.wait(60) == 74
    last = gateway.log_text().splitlines()[-1]
    assert last.startswith("orakey-gateway: ") and "was damaged while it was in use" in last
    gateway.start()
    becomes(gateway, key, 401)
    assert (gateway.folder / "state" / "gateway.sqlite.corrupt").exists()


def test_a_store_that_is_busy_during_a_reorg_forgets_nothing_of_it(gateway, key_owner, own_chain):
    key_owner.create()
    create = key_owner.contract.transact(key_owner.account, "createKey")["transactionHash"]
    key = key_owner.text(2)
    becomes(gateway, key, 200)
    with contextlib.closing(sqlite3.connect(gateway.folder / "state" / "gateway.sqlite")) as database:
        database.execute("BEGIN IMMEDIATE")
        own_chain.rpc("dev_reorg", 1, {"lose": [create]})
        eventually("the look fails", lambda: "database is locked" in gateway.log_text())
        database.rollback()
    becomes(gateway, key, 401)


def test_another_deployment_in_the_same_state_starts_anew(make_gateway, contract, own_chain, key_owner):
    gateway = make_gateway({"BASE": network_of(contract)}).start()
    [old] = key_owner.create()
    becomes(gateway, old, 200)
    gateway.stop()
    elsewhere = ApiKeys.deploy(own_chain)
    gateway.document["networks"]["BASE"]["contract"] = elsewhere.address
    gateway.configure()
    gateway.start()
    [new] = Owner(key_owner.account, elsewhere).create()
    becomes(gateway, new, 200)
    assert gateway.auth(old).status == 401


def test_the_maximum_lag_is_published(gateway, own_chain, key_owner):
    [key] = key_owner.create()
    becomes(gateway, key, 200)
    metrics = gateway.metrics()
    last, longest = (metrics[f'orakey_gateway_{name}_seconds{{network="BASE"}}'] for name in ("lag", "lag_max"))
    assert 0 < last <= longest
    assert metrics['orakey_gateway_view_age_seconds{network="BASE"}'] >= 0
