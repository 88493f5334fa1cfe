"""Derives API keys with eth-account and base58 as a Python program would; prints the median of microseconds for one."""

import statistics
import time

import base58
from eth_account import Account
from eth_account.messages import encode_defunct

ACCOUNT = Account.from_key(b"\x46" * 32)


def derive(number):
    message = number.to_bytes(32, "big")
    signature = bytes(ACCOUNT.sign_message(encode_defunct(primitive=message)).signature)
    return base58.b58encode(f"0x{message.hex()}:0x{signature.hex()}".encode())


def turn(count):
    start = time.process_time()
    for number in range(count):
        derive(number)
    return (time.process_time() - start) / count * 1e6


turn(200)
print(statistics.median(turn(300) for _ in range(7)))
