"""web3_, net_ and eth_: what an Ethereum node offers."""

import rlp
from eth_utils import keccak

from .. import CLIENT_VERSION, execution
from ..encoding import data, quantity, read_address, read_data, read_hash, read_quantity, word
from ..errors import LIMIT_EXCEEDED, RPCError, invalid, refused
from ..fees import GWEI, MAX_HISTORY, fee_history
from ..logs import LogFilter
from ..presentation import block_json, transaction_json

SUGGESTED_TIP = GWEI
FILTER_FIELDS = {"fromBlock", "toBlock", "address", "topics", "blockHash"}


class EthMethods:
    def __init__(self, node, view):
        self._node, self._chain, self._view = node, node.chain, view

    # The node

    def web3_clientVersion(self):
        return CLIENT_VERSION

    def web3_sha3(self, payload):
        return data(keccak(read_data(payload)))

    def net_version(self):
        return str(self._chain.settings.chain_id)

    def net_listening(self):
        return True

    def net_peerCount(self):
        return "0x0"

    def eth_chainId(self):
        return quantity(self._chain.settings.chain_id)

    def eth_syncing(self):
        return False

    def eth_accounts(self):
        return [data(address) for address in self._node.addresses]

    # State

    def eth_blockNumber(self):
        return quantity(self._view.head.number)

    def eth_getBalance(self, address, block="latest"):
        return quantity(self._view.state(block).get_balance(read_address(address)))

    def eth_getCode(self, address, block="latest"):
        return data(self._view.state(block).get_code(read_address(address)))

    def eth_getStorageAt(self, address, slot, block="latest"):
        return word(self._view.state(block).get_storage(read_address(address), read_quantity(slot, "argument 1")))

    def eth_getTransactionCount(self, address, block="latest"):
        state, sender = self._view.state(block), read_address(address)
        return quantity(self._node.mempool.next_nonce(sender, state) if block == "pending" else state.get_nonce(sender))

    def eth_call(self, call, block="latest"):
        return execution.call(self._chain, call, self._view.existing_block(block))

    def eth_estimateGas(self, call, block="latest"):
        return quantity(execution.estimate_gas(self._chain, call, self._view.existing_block(block)))

    # Fees

    def eth_gasPrice(self):
        return quantity((self._node.pending_base_fee() or 0) + SUGGESTED_TIP)

    def eth_maxPriorityFeePerGas(self):
        if self._chain.settings.initial_base_fee is None:
            raise refused("the chain has no base fee")
        return quantity(SUGGESTED_TIP)

    def eth_blobBaseFee(self):
        return "0x1"

    def eth_feeHistory(self, count, newest, percentiles=None):
        last = self._view.block(newest)
        if last is None:
            raise refused("request beyond head block")
        wanted = min(read_quantity(count), MAX_HISTORY, last.number + 1)
        if not wanted:
            return {"oldestBlock": "0x0", "gasUsedRatio": []}
        blocks = self._chain.blocks[last.number - wanted + 1 : last.number + 1]
        if last is self._chain.head:
            following = self._node.pending_base_fee() or 0
        else:
            following = self._chain.blocks[last.number + 1].base_fee or 0
        return fee_history(blocks, following, percentiles or [])

    # Transactions

    def eth_sendRawTransaction(self, raw):
        return data(self._node.submit(read_data(raw)))

    def eth_getTransactionByHash(self, transaction_hash):
        key = read_hash(transaction_hash)
        if place := self._view.mined(key):
            return transaction_json(place[0].transactions[place[1]], *place)
        waiting = self._node.mempool.by_hash.get(key)
        return transaction_json(waiting) if waiting is not None else None

    def eth_getTransactionReceipt(self, transaction_hash):
        place = self._view.mined(read_hash(transaction_hash))
        return place[0].receipts[place[1]] if place else None

    # Blocks

    def eth_getBlockByNumber(self, block, full=False):
        found = self._view.block(block)
        return block_json(found, full) if found else None

    def eth_getBlockByHash(self, block_hash, full=False):
        found = self._view.block_by_hash(read_hash(block_hash))
        return block_json(found, full) if found else None

    def eth_getBlockReceipts(self, block):
        if isinstance(block, str) and len(block) == 66:
            block = {"blockHash": block}
        found = self._view.block(block)
        return found.receipts if found else None

    def eth_getBlockTransactionCountByNumber(self, block):
        found = self._view.block(block)
        return quantity(len(found.transactions)) if found else None

    def eth_getLogs(self, wanted):
        if not isinstance(wanted, dict):
            raise invalid("invalid argument 0: filter object expected")
        if unknown := set(wanted) - FILTER_FIELDS:
            raise invalid(f"invalid argument 0: unknown field {sorted(unknown)[0]}")
        filter_ = LogFilter(wanted.get("address"), wanted.get("topics"))
        if wanted.get("blockHash"):
            if wanted.get("fromBlock") or wanted.get("toBlock"):
                raise invalid("invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
            block = self._view.block_by_hash(read_hash(wanted["blockHash"]))
            if block is None:
                raise refused("unknown block")
            return [log for receipt in block.receipts for log in receipt["logs"] if filter_.matches(log)]
        found = self._chain.logs.between(*self._view.range(wanted.get("fromBlock"), wanted.get("toBlock")), filter_)
        if len(found) > self._chain.settings.max_logs:
            raise RPCError(LIMIT_EXCEEDED, f"query returned more than {self._chain.settings.max_logs} results")
        return found

    # Encoded, for proofs

    def debug_getRawHeader(self, block):
        return data(rlp.encode(self._view.existing_block(block).header))

    def debug_getRawReceipts(self, block):
        return [data(receipt) for receipt in self._view.existing_block(block).raw_receipts]

    def debug_getRawTransaction(self, transaction_hash):
        place = self._view.mined(read_hash(transaction_hash))
        waiting = self._node.mempool.by_hash.get(read_hash(transaction_hash))
        found = place[0].transactions[place[1]] if place else waiting
        return data(found.encode()) if found is not None else "0x"

