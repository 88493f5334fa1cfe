"""Blocks, transactions and receipts as JSON-RPC objects."""

from eth._utils.address import generate_contract_address

from .encoding import data, quantity, word
from .mempool import DYNAMIC_FEE_TYPE, transaction_type


def effective_gas_price(transaction, base_fee: int) -> int:
    return min(transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas + base_fee)


def receipt_json(block, index, transaction, receipt, gas_before, first_log, base_fee, succeeded, l1_fee) -> dict:
    place = {
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(index),
        "blockHash": data(block.hash),
        "blockNumber": quantity(block.number),
    }
    logs = [
        {
            "address": data(log.address),
            "topics": [word(topic) for topic in log.topics],
            "data": data(log.data),
            **place,
            "blockTimestamp": quantity(block.timestamp),
            "logIndex": quantity(first_log + i),
            "removed": False,
        }
        for i, log in enumerate(receipt.logs)
    ]
    created = None if transaction.to else generate_contract_address(transaction.sender, transaction.nonce)
    return {
        **place,
        "type": quantity(transaction_type(transaction)),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "contractAddress": data(created) if created else None,
        "status": quantity(int(succeeded)),
        "gasUsed": quantity(receipt.gas_used - gas_before),
        "cumulativeGasUsed": quantity(receipt.gas_used),
        "effectiveGasPrice": quantity(effective_gas_price(transaction, base_fee)),
        "logs": logs,
        "logsBloom": f"0x{receipt.bloom:0512x}",
        **({"l1Fee": quantity(l1_fee)} if l1_fee is not None else {}),
    }


def transaction_json(transaction, block=None, index=None) -> dict:
    kind = transaction_type(transaction)
    answer = {
        "blockHash": data(block.hash) if block else None,
        "blockNumber": quantity(block.number) if block else None,
        "transactionIndex": quantity(index) if block else None,
        "type": quantity(kind),
        "hash": data(transaction.hash),
        "chainId": quantity(transaction.chain_id),
        "nonce": quantity(transaction.nonce),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "value": quantity(transaction.value),
        "gas": quantity(transaction.gas),
        "input": data(transaction.data),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
        "v": quantity(transaction.y_parity if kind else transaction.v),
    }
    if kind:
        answer["yParity"] = answer["v"]
        answer["accessList"] = [
            {"address": data(address), "storageKeys": [word(key) for key in keys]}
            for address, keys in transaction.access_list
        ]
    if kind == DYNAMIC_FEE_TYPE:
        answer["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        answer["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
        price = effective_gas_price(transaction, block.base_fee) if block else transaction.max_fee_per_gas
    else:
        price = transaction.gas_price
    answer["gasPrice"] = quantity(price)
    return answer


def block_json(block, with_transactions: bool) -> dict:
    header = block.header
    answer = {
        "number": quantity(block.number),
        "hash": data(block.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.uncles_hash),
        "miner": data(header.coinbase),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transaction_root),
        "receiptsRoot": data(header.receipt_root),
        "logsBloom": f"0x{header.bloom:0512x}",
        "difficulty": quantity(header.difficulty),
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "size": quantity(block.size),
        "uncles": [],
        "transactions": [
            transaction_json(t, block, i) if with_transactions else data(t.hash)
            for i, t in enumerate(block.transactions)
        ],
    }
    if block.base_fee is not None:
        answer |= {
            "baseFeePerGas": quantity(block.base_fee),
            "withdrawals": [],
            "withdrawalsRoot": data(header.withdrawals_root),
            "blobGasUsed": quantity(header.blob_gas_used),
            "excessBlobGas": quantity(header.excess_blob_gas),
            "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
            "requestsHash": data(header.requests_hash),
        }
    return answer
