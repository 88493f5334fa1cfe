"""eth_call and eth_estimateGas: a message on a state, undone afterwards."""

from eth.exceptions import OutOfGas, Revert
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError

from .chain import Chain
from .encoding import data, read_address, read_data, read_quantity
from .errors import REVERTED, RPCError, invalid, refused
from .gas import TRANSACTION_GAS, minimum_gas

# Gas that eth_call has when it names none (geth's RPC gas cap)
CALL_GAS_CAP = 50_000_000
# eth_estimateGas stops when it is this near (geth: 1.5 %)
ESTIMATE_ERROR_RATIO = 64
FIELDS = {"from", "to", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "value", "data", "input", "nonce",
          "accessList", "type", "chainId"}


class Call:
    """A transaction object of JSON-RPC, read and checked."""

    def __init__(self, fields, cap: int):
        if not isinstance(fields, dict):
            raise invalid("invalid argument 0: json: cannot unmarshal non-object into Go value of type TransactionArgs")
        if unknown := set(fields) - FIELDS:
            raise invalid(f"invalid argument 0: unknown field {sorted(unknown)[0]}")
        given = {name: value for name, value in fields.items() if value is not None}
        if "data" in given and "input" in given and given["data"] != given["input"]:
            raise invalid('both "data" and "input" are set and not equal. Please use "input" to pass transaction call data')
        self.sender = read_address(given.get("from", "0x" + "00" * 20))
        self.to = read_address(given["to"]) if "to" in given else b""
        self.data = read_data(given.get("input", given.get("data", "0x")))
        self.value = read_quantity(given.get("value", "0x0"))
        self.gas = min(read_quantity(given["gas"]), cap) if "gas" in given else cap
        self.gas_was_given = "gas" in given
        self.fee_cap = read_quantity(given.get("maxFeePerGas", given.get("gasPrice", "0x0")))
        self.access_list = tuple(
            (read_address(entry["address"]), tuple(int.from_bytes(read_data(key), "big") for key in entry["storageKeys"]))
            for entry in given.get("accessList", [])
        )

    def as_transaction(self, chain_id: int, nonce: int, gas: int):
        unsigned = PragueTransactionBuilder.new_unsigned_dynamic_fee_transaction(
            chain_id=chain_id, nonce=nonce, max_priority_fee_per_gas=0, max_fee_per_gas=0, gas=gas, to=self.to,
            value=self.value, data=self.data, access_list=self.access_list,
        )
        return SpoofTransaction(unsigned, from_=self.sender)


def _run(chain: Chain, call: Call, block, gas: int):
    state = chain.state_after(block)
    transaction = call.as_transaction(chain.settings.chain_id, state.get_nonce(call.sender), gas)
    if call.value > state.get_balance(call.sender):
        raise refused(f"insufficient funds for transfer: address 0x{call.sender.hex()}")
    if gas < minimum_gas(transaction):
        raise refused(f"err: intrinsic gas too low: have {gas}, want {minimum_gas(transaction)} (supplied gas {gas})")
    before = state.snapshot()
    try:
        return state.apply_transaction(transaction)
    except ValidationError as error:
        raise refused(f"err: {error} (supplied gas {gas})") from None
    finally:
        state.revert(before)
        state.lock_changes()  # the next call finds every account and slot cold again


def _raise_failure(computation):
    if isinstance(computation.error, Revert):
        output = bytes(computation.output)
        raise RPCError(REVERTED, "execution reverted" + _reason(output), data(output))
    if isinstance(computation.error, OutOfGas):
        raise refused("out of gas")
    name = type(computation.error).__name__
    raise refused({"InvalidInstruction": "invalid opcode", "InsufficientStack": "stack underflow",
                   "InvalidJumpDestination": "invalid jump destination"}.get(name, name))


def _reason(output: bytes) -> str:
    """`: text` of an Error(string), as geth appends it."""
    if output[:4] != bytes.fromhex("08c379a0") or len(output) < 68:
        return ""
    length = int.from_bytes(output[36:68], "big")
    return ": " + output[68:68 + length].decode("utf-8", "replace")


def call(chain: Chain, fields, block) -> str:
    wanted = Call(fields, CALL_GAS_CAP)
    computation = _run(chain, wanted, block, wanted.gas)
    if computation.is_error:
        _raise_failure(computation)
    return data(computation.output)


def estimate_gas(chain: Chain, fields, block) -> int:
    """The least gas with which the call succeeds, found by bisection as geth does it, and as exactly."""
    wanted = Call(fields, chain.settings.gas_limit)
    if wanted.gas_was_given and wanted.gas < TRANSACTION_GAS:
        wanted.gas = chain.settings.gas_limit
    high = _allowance(chain, wanted, block)
    if _is_plain_transfer(chain, wanted, block) and not _run(chain, wanted, block, TRANSACTION_GAS).is_error:
        return TRANSACTION_GAS
    first = _run(chain, wanted, block, high)
    if first.is_error:
        if isinstance(first.error, OutOfGas):
            raise refused(f"gas required exceeds allowance ({high})")
        _raise_failure(first)
    low = minimum_gas(wanted.as_transaction(chain.settings.chain_id, 0, high)) - 1
    used = high - first.get_gas_remaining()
    optimistic = max((used + 2300) * 64 // 63, low + 1)
    if optimistic < high:
        if _run(chain, wanted, block, optimistic).is_error:
            low = optimistic
        else:
            high = optimistic
    while high - low > 1 and (high - low) > high // ESTIMATE_ERROR_RATIO:
        middle = (high + low) // 2
        if _run(chain, wanted, block, middle).is_error:
            low = middle
        else:
            high = middle
    return high


def _is_plain_transfer(chain: Chain, wanted: Call, block) -> bool:
    return bool(wanted.to and not wanted.data and not wanted.access_list and not chain.state_after(block).get_code(wanted.to))


def _allowance(chain: Chain, wanted: Call, block) -> int:
    """What the sender can pay for, where the call names a price."""
    if not wanted.fee_cap:
        return wanted.gas
    balance = chain.state_after(block).get_balance(wanted.sender)
    if balance < wanted.value:
        raise refused("insufficient funds for transfer")
    affordable = (balance - wanted.value) // wanted.fee_cap
    if affordable < TRANSACTION_GAS:
        raise refused(f"gas required exceeds allowance ({affordable})")
    return min(wanted.gas, affordable)
