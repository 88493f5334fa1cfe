"""createKey and createKeys."""

import pytest
from eth_abi import decode
from support.contracts import MAX_BATCH, Reverted


def created(owner, *messages):
    return [("KeyCreated", {"owner": owner.address, "message": message}) for message in messages]


def test_messages_count_from_one_behind_the_prefix(api_keys, owner):
    for n in (1, 2, 3):
        receipt = api_keys.transact(owner, "createKey")
        assert api_keys.events(receipt) == created(owner, api_keys.message(n))
        assert api_keys.view("keyCount", owner.address) == n
        assert api_keys.view("isActive", owner.address, api_keys.message(n))


def test_create_key_returns_its_message(chain, api_keys, owner):
    api_keys.transact(owner, "createKey")
    output = chain.rpc("eth_call", {"from": owner.address, "to": api_keys.address, "data": api_keys.data("createKey")})
    assert bytes.fromhex(output[2:]) == api_keys.message(2)


@pytest.mark.parametrize("count", [1, 2, MAX_BATCH])
def test_create_keys_makes_a_contiguous_run(chain, api_keys, owner, count):
    api_keys.transact(owner, "createKey")
    data = api_keys.data("createKeys", count)
    output = chain.rpc("eth_call", {"from": owner.address, "to": api_keys.address, "data": data})
    assert decode(["bytes32", "bytes32"], bytes.fromhex(output[2:])) == (api_keys.message(2), api_keys.message(1 + count))
    receipt = api_keys.transact(owner, "createKeys", count)
    assert api_keys.events(receipt) == created(owner, *(api_keys.message(2 + i) for i in range(count)))
    assert api_keys.view("keyCount", owner.address) == 1 + count


@pytest.mark.parametrize("count", [0, MAX_BATCH + 1, 2**256 - 1])
def test_create_keys_refuses_other_counts(api_keys, owner, count):
    with pytest.raises(Reverted, match="^bad count$"):
        api_keys.transact(owner, "createKeys", count)
    assert api_keys.view("keyCount", owner.address) == 0


def test_owners_count_for_themselves(api_keys, owner, other):
    api_keys.transact(owner, "createKeys", 3)
    receipt = api_keys.transact(other, "createKey")
    assert api_keys.events(receipt) == created(other, api_keys.message(1))
    assert api_keys.view("keyCount", owner.address) == 3
    assert not api_keys.view("isActive", other.address, api_keys.message(2))


def test_no_function_takes_ether(chain, api_keys, owner):
    for data in [api_keys.data("createKey"), api_keys.data("createKeys", 1), "0x"]:
        receipt = chain.receipt(chain.send(owner, api_keys.address, data, value=1))
        assert receipt["status"] == "0x0"


def test_unknown_functions_fail(chain, api_keys, owner):
    receipt = chain.receipt(chain.send(owner, api_keys.address, "0x12345678"))
    assert receipt["status"] == "0x0"
