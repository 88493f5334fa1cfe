"""The gas table of contracts-abi/README.md, figure by figure."""

import re

from support.contracts import ApiKeys, artifact
from support.devchain import throwaway_account
from support.places import CONTRACTS


def recorded() -> dict[str, int]:
    """Rows `| call | gas |` of the README."""
    rows = re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|$", (CONTRACTS / "README.md").read_text(), re.MULTILINE)
    return {name: int(figure.replace(",", "")) for name, figure in rows}


def measured(chain) -> dict[str, int]:
    """On a new chain, so that the contract's address, and with it the price of its messages' bytes, is always the same."""
    owner, revoker = throwaway_account(1), throwaway_account(2)
    deployment = chain.receipt(chain.send(owner, data=artifact("ApiKeys")[1], gas=3_000_000))
    contract = ApiKeys(chain, "ApiKeys", chain.web3.to_checksum_address(deployment["contractAddress"]))
    table = {"deployment": int(deployment["gasUsed"], 16)}
    numbers = iter(range(1, 1000))

    def record(name, function, *arguments, account=owner):
        table[name] = int(contract.transact(account, function, *arguments)["gasUsed"], 16)

    def take(count):
        return [contract.message(next(numbers)) for _ in range(count)]

    record("createKey, the owner's first", "createKey")
    record("createKey, each further one", "createKey")
    for count in (10, 50, 128):
        record(f"createKeys, {count}", "createKeys", count)
    contract.transact(owner, "createKeys", 128)
    record("disableKey, first of 256", "disableKey", *take(1))
    record("disableKey, each further one", "disableKey", *take(1))
    for count in (10, 50, 100):
        record(f"disableKeys, {count}, all in one word", "disableKeys", take(count))
    record("disableKeys, 128, in two words, one of them new", "disableKeys", take(128))
    record("setRevoker", "setRevoker", revoker.address)
    record("disableKeyFor, by the revoker", "disableKeyFor", owner.address, *take(1), account=revoker)
    record("disableKeysFor, 10, by the revoker", "disableKeysFor", owner.address, take(10), account=revoker)
    return table


def test_gas_is_as_recorded(start_chain):
    assert measured(start_chain()) == recorded()
