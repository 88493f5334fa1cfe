"""evm_, anvil_, hardhat_ and dev_: what tests do to a chain. Numbers may be hex or plain."""

from ..encoding import data, quantity, read_address, read_data, read_hash, read_quantity
from ..errors import invalid
from ..opstack import set_price

REORG_OPTIONS = {"lose", "hold", "order", "include", "length"}


class ControlMethods:
    def __init__(self, node, timer):
        self._node, self._timer = node, timer

    # Mining

    def evm_mine(self, blocks=1):
        self._node.mine(read_quantity(blocks))
        return "0x0"

    def anvil_mine(self, blocks=1, interval=1):
        """Blocks `interval` seconds apart on the chain's clock."""
        apart = read_quantity(interval)
        for _ in range(read_quantity(blocks)):
            if apart > 1:
                parent = self._node.chain.head.timestamp
                self._node.clock.set_next(parent + apart, parent)
            self._node.mine()
        return None

    def evm_setAutomine(self, on):
        self._node.automine = bool(on)
        if on:
            self._node.mine_waiting()
        return True

    def evm_setIntervalMining(self, milliseconds):
        """A block every so often; 0 stops."""
        self._timer.set_interval(read_quantity(milliseconds) / 1000)
        return True

    def dev_pauseMining(self):
        """No blocks at all, whatever asks for them, until dev_resumeMining."""
        self._node.paused = True
        return True

    def dev_resumeMining(self):
        self._node.paused = False
        if self._node.automine:
            self._node.mine_waiting()
        return True

    # Time and fees

    def evm_increaseTime(self, seconds):
        if not isinstance(seconds, int):
            seconds = read_quantity(seconds)
        self._node.clock.offset += seconds
        return self._node.clock.offset

    def evm_setNextBlockTimestamp(self, timestamp):
        self._node.clock.set_next(read_quantity(timestamp), self._node.chain.head.timestamp)
        return True

    def anvil_setTime(self, timestamp):
        self._node.clock.set_now(read_quantity(timestamp))
        return True

    def anvil_setNextBlockBaseFeePerGas(self, fee):
        self._node.force_base_fee(read_quantity(fee))
        return True

    def dev_setMinBaseFee(self, fee):
        self._node.min_base_fee = read_quantity(fee)
        return True

    def dev_setL1FeePerByte(self, wei):
        if self._node.settings.l1_fee_per_byte is None:
            raise invalid("this chain takes no L1 data fee (see --l1-fee-per-byte)")
        price = read_quantity(wei)
        self._node.chain.edit_head(lambda state: set_price(state, price))
        return True

    # State

    def anvil_setBalance(self, address, balance):
        account, wei = read_address(address), read_quantity(balance)
        self._node.chain.edit_head(lambda state: state.set_balance(account, wei))
        return True

    def anvil_setNonce(self, address, nonce):
        account, value = read_address(address), read_quantity(nonce)
        self._node.chain.edit_head(lambda state: state.set_nonce(account, value))
        return True

    def anvil_setCode(self, address, code):
        account, bytecode = read_address(address), read_data(code)
        self._node.chain.edit_head(lambda state: state.set_code(account, bytecode))
        return True

    def anvil_setStorageAt(self, address, slot, value):
        return self.dev_setStorage(address, {slot: value})

    def dev_setStorage(self, address, values):
        """Many slots at once: {slot: value}."""
        account = read_address(address)
        slots = {read_quantity(slot, "slot"): read_quantity(value, "value") for slot, value in values.items()}

        def change(state):
            state.touch_account(account)
            for slot, value in slots.items():
                state.set_storage(account, slot, value)

        self._node.chain.edit_head(change)
        return True

    # Snapshots, reorgs, the pool

    def evm_snapshot(self):
        return quantity(self._node.take_snapshot())

    def evm_revert(self, number):
        return self._node.restore_snapshot(read_quantity(number))

    def dev_reorg(self, depth, options=None):
        """Options: lose, hold, order (transaction hashes), include (raw transactions), length; a list means `lose`."""
        options = {"lose": options} if isinstance(options, list) else dict(options or {})
        if unknown := set(options) - REORG_OPTIONS:
            raise invalid(f"unknown reorg option: {sorted(unknown)[0]}")
        hashes = {name: [read_hash(h) for h in options.get(name, [])] for name in ("lose", "hold", "order")}
        include = [read_data(raw) for raw in options.get("include", [])]
        length = read_quantity(options["length"]) if "length" in options else None
        return self._node.reorg(read_quantity(depth), **hashes, include=include, length=length)

    def dev_dropPool(self):
        return [data(h) for h in self._node.mempool.clear()]

    def anvil_dropTransaction(self, transaction_hash):
        return transaction_hash if self._node.mempool.remove(read_hash(transaction_hash)) else None

    anvil_dropAllTransactions = dev_dropPool
    anvil_setAutomine = evm_setAutomine
    hardhat_setNextBlockBaseFeePerGas = anvil_setNextBlockBaseFeePerGas
    hardhat_setBalance = anvil_setBalance
    hardhat_setStorageAt = anvil_setStorageAt
    anvil_snapshot = evm_snapshot
    anvil_revert = evm_revert
