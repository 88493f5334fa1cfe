"""Transactions that wait for a block, under geth's admission and replacement rules."""

from dataclasses import dataclass, field
from itertools import count

from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth_utils import to_checksum_address

from .errors import refused
from .gas import minimum_gas

# A replacement pays at least this much more, in both fee fields
PRICE_BUMP_PERCENT = 10
KNOWN_TYPES = (0, 1, 2)
DYNAMIC_FEE_TYPE = 2


def decode_transaction(raw: bytes):
    """The transaction in `raw`, with geth's complaint where there is none."""
    if not raw:
        raise refused("typed transaction too short")
    if raw[0] < 0x80 and raw[0] not in KNOWN_TYPES:
        raise refused("transaction type not supported")
    try:
        return PragueTransactionBuilder.decode(raw)
    except Exception as error:  # py-evm and rlp raise a dozen unrelated types here
        raise refused(f"rlp: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from None


def transaction_type(transaction) -> int:
    return getattr(transaction, "type_id", 0) or 0


def cost(transaction) -> int:
    return transaction.gas * transaction.max_fee_per_gas + transaction.value


@dataclass
class Mempool:
    """Waiting transactions by sender and nonce. `arrival` breaks ties between equal tips."""

    by_sender: dict[bytes, dict[int, object]] = field(default_factory=dict)
    by_hash: dict[bytes, object] = field(default_factory=dict)
    arrival: dict[bytes, int] = field(default_factory=dict)
    _sequence: count = field(default_factory=count)

    def insert(self, transaction):
        """Puts it in, in place of another with the same sender and nonce, whatever that paid."""
        of_sender = self.by_sender.setdefault(transaction.sender, {})
        if transaction.nonce in of_sender:
            self.remove(of_sender[transaction.nonce].hash)
            of_sender = self.by_sender.setdefault(transaction.sender, {})
        of_sender[transaction.nonce] = transaction
        self.by_hash[transaction.hash] = transaction
        self.arrival[transaction.hash] = next(self._sequence)

    def remove(self, transaction_hash: bytes) -> bool:
        transaction = self.by_hash.pop(transaction_hash, None)
        if transaction is None:
            return False
        del self.arrival[transaction_hash]
        of_sender = self.by_sender[transaction.sender]
        del of_sender[transaction.nonce]
        if not of_sender:
            del self.by_sender[transaction.sender]
        return True

    def clear(self) -> list[bytes]:
        dropped = list(self.by_hash)
        for transaction_hash in dropped:
            self.remove(transaction_hash)
        return dropped

    def prune(self, state):
        """Forgets what can never be mined any more, because its nonce is used."""
        for sender, waiting in list(self.by_sender.items()):
            used = state.get_nonce(sender)
            for nonce in [n for n in waiting if n < used]:
                self.remove(waiting[nonce].hash)

    def next_nonce(self, sender: bytes, state) -> int:
        """The first nonce for which there is neither a mined nor a waiting transaction."""
        nonce, waiting = state.get_nonce(sender), self.by_sender.get(sender, {})
        while nonce in waiting:
            nonce += 1
        return nonce

    def admit(self, transaction, chain, extra_cost=lambda transaction: 0):
        """Checks by geth's rules and in geth's words, then inserts. `extra_cost` is an L1 data fee."""
        settings, state = chain.settings, chain.state_after(chain.head)
        sender = self._checked_sender(transaction, settings)
        if transaction.hash in self.by_hash:
            raise refused("already known")
        self._check_fees(transaction, sender)
        if transaction.gas > settings.gas_limit:
            raise refused("exceeds block gas limit")
        needed = minimum_gas(transaction)
        if transaction.gas < needed:
            raise refused(f"intrinsic gas too low: gas {transaction.gas}, minimum needed {needed}")
        nonce = state.get_nonce(sender)
        if transaction.nonce < nonce:
            raise refused(f"nonce too low: next nonce {nonce}, tx nonce {transaction.nonce}")
        self._check_balance(transaction, sender, state.get_balance(sender), extra_cost)
        self._check_replacement(transaction, sender)
        self.insert(transaction)

    @staticmethod
    def _checked_sender(transaction, settings) -> bytes:
        if transaction_type(transaction) == DYNAMIC_FEE_TYPE and settings.initial_base_fee is None:
            raise refused("transaction type not supported: type 2 rejected, pool not yet in London")
        if transaction.chain_id is None:
            raise refused("only replay-protected (EIP-155) transactions allowed over RPC")
        if transaction.chain_id != settings.chain_id:
            raise refused(
                f"invalid sender: invalid chain id for signer: have {transaction.chain_id} want {settings.chain_id}"
            )
        try:
            transaction.validate()
            return transaction.sender
        except Exception:  # whatever py-evm and eth-keys dislike about a signature
            raise refused("invalid sender: invalid transaction v, r, s values") from None

    @staticmethod
    def _check_fees(transaction, sender: bytes):
        if transaction.max_priority_fee_per_gas > transaction.max_fee_per_gas:
            raise refused(
                f"max priority fee per gas higher than max fee per gas: address {to_checksum_address(sender)}, "
                f"maxPriorityFeePerGas: {transaction.max_priority_fee_per_gas}, maxFeePerGas: {transaction.max_fee_per_gas}"
            )

    def _check_balance(self, transaction, sender: bytes, balance: int, extra_cost):
        own = cost(transaction) + extra_cost(transaction)
        waiting = self.by_sender.get(sender, {})
        queued = sum(cost(t) + extra_cost(t) for nonce, t in waiting.items() if nonce != transaction.nonce)
        if own > balance:
            raise refused(
                f"insufficient funds for gas * price + value: balance {balance}, tx cost {own}, overshot {own - balance}"
            )
        if own + queued > balance:
            raise refused(
                f"insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, "
                f"tx cost {own}, overshot {own + queued - balance}"
            )

    def _check_replacement(self, transaction, sender: bytes):
        old = self.by_sender.get(sender, {}).get(transaction.nonce)
        if old is None:
            return
        factor = 100 + PRICE_BUMP_PERCENT
        for field_name in ("max_fee_per_gas", "max_priority_fee_per_gas"):
            new_fee, old_fee = getattr(transaction, field_name), getattr(old, field_name)
            if new_fee <= old_fee or new_fee < old_fee * factor // 100:
                raise refused("replacement transaction underpriced")
