"""What can be read, and that no credential is ever asked for."""

import pytest
from support.contracts import MAX_BATCH, ApiKeys, Contract, artifact
from support.devchain import throwaway_account
from web3.exceptions import ContractLogicError

MAX_STATUS_WORDS = 1024


def signatures(kind: str, mutability: tuple = ()) -> set[str]:
    return {
        f"{entry['name']}({','.join(i['type'] for i in entry['inputs'])})"
        for entry in artifact("ApiKeys")[0]
        if entry["type"] == kind and (not mutability or entry["stateMutability"] in mutability)
    }


def test_the_interface_is_complete_and_nothing_else():
    assert signatures("function", ("nonpayable",)) == {
        "createKey()", "createKeys(uint256)", "disableKey(bytes32)", "disableKeys(bytes32[])", "setRevoker(address)",
        "disableKeyFor(address,bytes32)", "disableKeysFor(address,bytes32[])",
    }
    assert signatures("function", ("view",)) == {
        "isActive(address,bytes32)", "keyCount(address)", "messageAt(address,uint256)", "revokerOf(address)", "PREFIX()",
        "keysOf(address,uint256,uint256)", "statusWords(address,uint256,uint256)", "MAX_BATCH()", "MAX_STATUS_WORDS()",
    }
    assert signatures("function", ("payable", "pure")) == set()
    assert signatures("event") == {
        "KeyCreated(address,bytes32)", "KeyDisabled(address,bytes32)", "RevokerSet(address,address)"
    }
    events = [entry for entry in artifact("ApiKeys")[0] if entry["type"] == "event"]
    assert all(argument["indexed"] for event in events for argument in event["inputs"])


def test_no_function_takes_a_signature():
    functions = [entry for entry in artifact("ApiKeys")[0] if entry["type"] == "function"]
    types = {argument["type"] for function in functions for argument in function["inputs"]}
    assert types == {"address", "bytes32", "bytes32[]", "uint256"}, "65 bytes fit into none of these but an array"


def test_constants(api_keys):
    assert api_keys.view("PREFIX") == api_keys.prefix
    assert api_keys.prefix & (2**64 - 1) == 0
    assert api_keys.view("MAX_BATCH") == MAX_BATCH
    assert api_keys.view("MAX_STATUS_WORDS") == MAX_STATUS_WORDS


def test_the_prefix_depends_on_address_and_chain(chain, start_chain, api_keys):
    elsewhere = ApiKeys.deploy(chain)
    another_chain = ApiKeys.deploy(start_chain("--chain-id", 8453))
    prefixes = {c.view("PREFIX") for c in (api_keys, elsewhere, another_chain)}
    assert prefixes == {api_keys.prefix, elsewhere.prefix, another_chain.prefix}
    assert len(prefixes) == 3


def test_is_active_is_false_for_whatever_was_not_issued(api_keys, owner):
    api_keys.transact(owner, "createKey")
    for message in [api_keys.message(0), api_keys.message(2), (1).to_bytes(32, "big"), b"\xff" * 32]:
        assert not api_keys.view("isActive", owner.address, message)
    assert not api_keys.view("isActive", throwaway_account(9).address, api_keys.message(1))


def test_message_at(api_keys, owner):
    api_keys.transact(owner, "createKeys", 3)
    assert [api_keys.view("messageAt", owner.address, i) for i in range(3)] == [api_keys.message(n) for n in (1, 2, 3)]
    for index in (3, 2**256 - 1):
        with pytest.raises(ContractLogicError, match="out of range"):
            api_keys.view("messageAt", owner.address, index)


def test_keys_of_pages_through_everything(api_keys, owner):
    api_keys.set_up_keys(owner.address, 300, {0: 0b101, 1: 1 << 43})
    expected = [(api_keys.message(n), n not in (1, 3, 300)) for n in range(1, 301)]
    pages, offset = [], 0
    while page := api_keys.view("keysOf", owner.address, offset, 1000):
        assert len(page) <= MAX_BATCH
        pages += [tuple(entry) for entry in page]
        offset += len(page)
    assert pages == expected


@pytest.mark.parametrize(
    "offset, limit, expected", [(0, 0, 0), (298, 1, 1), (298, 9, 2), (300, 1, 0), (2**256 - 1, 2**256 - 1, 0), (0, 2**256 - 1, 128)]
)
def test_keys_of_at_its_edges(api_keys, owner, offset, limit, expected):
    api_keys.set_up_keys(owner.address, 300)
    page = api_keys.view("keysOf", owner.address, offset, limit)
    assert [entry[0] for entry in page] == [api_keys.message(offset + 1 + i) for i in range(expected)]


@pytest.mark.parametrize(
    "first, count, expected", [(0, 0, 0), (0, 1, 1), (0, 9, 3), (2, 9, 1), (3, 9, 0), (2**256 - 1, 2**256 - 1, 0)]
)
def test_status_words_at_their_edges(api_keys, owner, first, count, expected):
    api_keys.set_up_keys(owner.address, 513, {0: 1, 1: 2, 2: 1})
    assert api_keys.view("statusWords", owner.address, first, count) == [1, 2, 1][first : first + expected]


def test_status_words_agree_with_is_active(api_keys, owner):
    api_keys.transact(owner, "createKeys", 100)
    numbers = [1, 2, 50, 99, 100]
    api_keys.transact(owner, "disableKeys", [api_keys.message(n) for n in numbers])
    (word,) = api_keys.view("statusWords", owner.address, 0, 1)
    for n in range(1, 102):
        assert api_keys.view("isActive", owner.address, api_keys.message(n)) == (n <= 100 and not word >> (n - 1) & 1)
    assert word >> 100 == 0


def test_a_million_keys_in_four_calls(api_keys, owner):
    expected = {number: (number * 2654435761) % 2**256 for number in range(3907)}
    api_keys.set_up_keys(owner.address, 1_000_000, expected)
    words, calls = [], 0
    while page := api_keys.view("statusWords", owner.address, len(words), MAX_STATUS_WORDS):
        words += page
        calls += 1
    assert words == list(expected.values())
    assert calls == 4


def test_minimal_keys_for_the_daemons_tests(chain, owner, other):
    contract = Contract.deploy(chain, "MinimalKeys")
    one, two = ((n).to_bytes(32, "big") for n in (1, 2))
    for message in (one, two):
        receipt = contract.transact(owner, "issue")
        assert contract.events(receipt) == [("Issued", {"holder": owner.address, "id": message})]
    receipt = contract.transact(owner, "withdraw", one)
    assert contract.events(receipt) == [("Withdrawn", {"holder": owner.address, "id": one})]
    assert [contract.view("usable", owner.address, m) for m in (one, two, b"\0" * 32)] == [False, True, False]
    assert contract.reason(other, contract.data("withdraw", two)) == "not usable"


def test_moody_keys_for_the_daemons_tests(chain, owner):
    contract = ApiKeys.deploy(chain, "MoodyKeys")
    create = contract.data("createKey")

    def created():
        return [arguments["message"] for _, arguments in contract.events(contract.transact(owner, "createKey"))]

    assert created() == [contract.message(1)]
    moods = {"PAUSED": 1, "STUCK": 2, "SILENT": 4, "FOREIGN": 8, "BARE": 16}
    contract.transact(owner, "setMood", moods["PAUSED"])
    assert contract.reason(owner, create) == "paused"
    assert contract.reason(owner, contract.data("disableKey", contract.message(1))) == "paused"
    contract.transact(owner, "setMood", moods["BARE"])
    assert contract.reason(owner, create) is None
    contract.transact(owner, "setMood", moods["STUCK"])
    assert created() == [contract.message(1)]
    contract.transact(owner, "setMood", moods["SILENT"])
    assert created() == []
    contract.transact(owner, "setMood", moods["FOREIGN"])
    assert created() == [(int.from_bytes(contract.message(3), "big") ^ 1 << 255).to_bytes(32, "big")]
    contract.transact(owner, "setMood", 0)
    assert created() == [contract.message(4)]
    contract.transact(owner, "disableKeys", [contract.message(4)])
    assert not contract.view("isActive", owner.address, contract.message(4))
