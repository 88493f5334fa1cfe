"""Deployed contracts, through web3.py as an outside client."""

import json
from dataclasses import dataclass

from eth_abi import decode
from eth_utils import keccak
from web3 import Web3

from .devchain import DevChain, throwaway_account
from .places import CONTRACTS, TEST_CONTRACTS

MAX_BATCH = 128
# Slots of ApiKeys' storage (vyper -f layout)
KEY_COUNT_SLOT, REVOKER_SLOT, DISABLED_SLOT = 0, 1, 2


def artifact(name: str) -> tuple[list, str]:
    """(ABI, deployment bytecode) as committed."""
    folder = CONTRACTS if name == "ApiKeys" else TEST_CONTRACTS
    return json.loads((folder / f"{name}.abi.json").read_text()), (folder / f"{name}.bytecode").read_text().strip()


class Reverted(Exception):
    """A mined transaction that failed; `reason` is the text of its Error(string), None where it has no data."""

    def __init__(self, reason: str | None):
        super().__init__(reason)
        self.reason = reason


def revert_reason(payload: str) -> str | None:
    encoded = bytes.fromhex(payload.removeprefix("0x"))
    return decode(["string"], encoded[4:])[0] if encoded else None


@dataclass
class Contract:
    chain: DevChain
    name: str
    address: str

    @classmethod
    def deploy(cls, chain: DevChain, name: str = "ApiKeys", deployer: int = 1) -> "Contract":
        receipt = chain.receipt(chain.send(throwaway_account(deployer), data=artifact(name)[1], gas=3_000_000))
        assert receipt["status"] == "0x1"
        return cls(chain, name, Web3.to_checksum_address(receipt["contractAddress"]))

    def __post_init__(self):
        self.web3 = self.chain.web3.eth.contract(address=self.address, abi=artifact(self.name)[0])

    def data(self, function: str, *arguments) -> str:
        return self.web3.encode_abi(function, args=list(arguments))

    def view(self, function: str, *arguments, block="latest"):
        return self.web3.functions[function](*arguments).call(block_identifier=block)

    def send(self, account, function: str, *arguments, **fields) -> str:
        """The hash; with automining it is mined by then."""
        return self.chain.send(account, self.address, self.data(function, *arguments), **fields)

    def transact(self, account, function: str, *arguments, **fields) -> dict:
        """The receipt of a mined and successful transaction, else Reverted with the reason a call gives."""
        data = self.data(function, *arguments)
        receipt = self.chain.receipt(self.chain.send(account, self.address, data, **{"gas": 5_000_000, **fields}))
        if receipt["status"] != "0x1":
            raise Reverted(self.reason(account, data, hex(int(receipt["blockNumber"], 16) - 1)))
        return receipt

    def reason(self, account, data: str, block="latest") -> str | None:
        call = {"from": account.address, "to": self.address, "data": data}
        answer = json.loads(self.chain.post(self.chain.request("eth_call", call, block))[1])
        return revert_reason(answer["error"]["data"])

    def events(self, receipt: dict) -> list[tuple[str, dict]]:
        """(name, arguments) of every log of the receipt, all of which must be this contract's."""
        found = []
        for log in self.chain.web3.eth.get_transaction_receipt(receipt["transactionHash"])["logs"]:
            assert log["address"] == self.address
            event = next(e for e in self.web3.events if keccak(text=_signature(e.abi)) == bytes(log["topics"][0]))
            found.append((event.abi["name"], dict(event.process_log(log)["args"])))
        return found


def _signature(abi: dict) -> str:
    return f"{abi['name']}({','.join(i['type'] for i in abi['inputs'])})"


class ApiKeys(Contract):
    """The reference contract; `message(n)` is an owner's n-th message, from 1."""

    def __post_init__(self):
        super().__post_init__()
        pair = int(self.chain.chain_id).to_bytes(32, "big") + bytes.fromhex(self.address[2:]).rjust(32, b"\0")
        self.prefix = int.from_bytes(keccak(pair), "big") >> 64 << 64

    def message(self, n: int) -> bytes:
        return (self.prefix | n).to_bytes(32, "big")

    def set_up_keys(self, owner: str, count: int, disabled_words: dict[int, int] | None = None):
        """Writes storage as if the owner had created `count` keys; no events, so only views know them."""
        key = bytes.fromhex(owner.removeprefix("0x")).rjust(32, b"\0")
        slots = {_mapping_slot(KEY_COUNT_SLOT, key): count}
        words = _mapping_slot(DISABLED_SLOT, key)
        for number, bits in (disabled_words or {}).items():
            slots[_mapping_slot(words, number.to_bytes(32, "big"))] = bits
        self.chain.rpc("dev_setStorage", self.address, {hex(slot): hex(value) for slot, value in slots.items()})


def _mapping_slot(base: int, key: bytes) -> int:
    """Vyper hashes slot and key in this order; Solidity the other way round."""
    return int.from_bytes(keccak(base.to_bytes(32, "big") + key), "big")
