"""Random cases for the wallet's and the key's tests, answered by implementations from PyPI.

`make_corpus(seed)` gives a dictionary that `EthereumWalletTests/OracleTests.swift` reads as JSON; bytes are hex, text with
characters of all of Unicode is hex of its UTF-8.
"""

import hashlib
import json
import random
import unicodedata
import uuid

import base58
import eth_keyfile
from Crypto.Cipher import AES
from bip32 import BIP32
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_keys import keys
from eth_utils import keccak
from mnemonic import Mnemonic

CASES = 2000
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HARDENED = 0x80000000
# Where passphrases take their letters from: scripts that NFKD changes in different ways.
ALPHABETS = [
    range(0x20, 0x7F), range(0xA0, 0x250), range(0x300, 0x370), range(0x1E00, 0x2000), range(0x2460, 0x2500),
    range(0x3040, 0x3100), range(0xAC00, 0xD7A4), range(0xF900, 0xFB07), range(0xFF01, 0xFFEF), range(0x1D400, 0x1D800),
    range(0x4E00, 0x9FFF), range(0x0900, 0x0980), range(0x1F300, 0x1F600),
]  # fmt: skip

Account.enable_unaudited_hdwallet_features()


def make_corpus(seed):
    rng = random.Random(seed)
    return {
        "mnemonics": [mnemonic_case(rng) for _ in range(CASES)],
        "words": [words_case(rng) for _ in range(CASES)],
        "accounts": [account_case(rng, number) for number in range(CASES)],
        "derivations": [derivation_case(rng) for _ in range(CASES)],
        "signatures": [signature_case(rng) for _ in range(CASES)],
        "digests": [digest_case(rng) for _ in range(CASES)],
        "base58": [base58_case(rng) for _ in range(CASES)],
        "keystores": [keystore_case(rng) for _ in range(CASES)],
        "clef": [clef_case(rng, is_standard=number == 0) for number in range(10)],
        "normalizations": [normalization_case(rng) for _ in range(CASES)] + all_decompositions(),
    }


def secret(rng):
    """A private key; small ones and ones near the order among them."""
    kind = rng.randrange(20)
    value = rng.randrange(1, 1000) if kind == 0 else ORDER - rng.randrange(1, 1000) if kind == 1 else rng.randrange(1, ORDER)
    return value.to_bytes(32, "big")


def text(rng, longest=20):
    letters = []
    for _ in range(rng.randrange(longest + 1)):
        letter = chr(rng.choice(rng.choice(ALPHABETS)))
        letters.append(letter if unicodedata.category(letter) != "Cn" else "x")
    return "".join(letters)


def path(rng, hardened=True, longest=6):
    steps = []
    for _ in range(rng.randrange(longest)):
        index = rng.choice([0, 1, HARDENED - 1, rng.randrange(HARDENED)])
        steps.append(f"{index}'" if hardened and rng.random() < 0.5 else f"{index}")
    return "/".join(["m", *steps])


def mnemonic_case(rng):
    entropy, passphrase = rng.randbytes(rng.choice([16, 20, 24, 28, 32])), text(rng)
    phrase = Mnemonic("english").to_mnemonic(entropy)
    return [entropy.hex(), phrase, passphrase.encode().hex(), Mnemonic.to_seed(phrase, passphrase).hex()]


def words_case(rng):
    """Words of the list in any order, of which one in 16 to 256 has the right checksum."""
    words = Mnemonic("english").wordlist
    phrase = " ".join(rng.choices(words, k=rng.choice([12, 15, 18, 21, 24])))
    return [phrase, Mnemonic("english").check(phrase)]


def account_case(rng, number):
    """mnemonic stretches the words and bip32 derives; every tenth time eth-account, which does both more slowly, agrees."""
    phrase, passphrase = Mnemonic("english").to_mnemonic(rng.randbytes(rng.choice([16, 20, 24, 28, 32]))), text(rng)
    where = path(rng) if rng.random() < 0.5 else f"m/44'/60'/0'/0/{rng.randrange(1000)}"
    if where == "m":
        where = "m/0"
    account = Account.from_key(BIP32.from_seed(Mnemonic.to_seed(phrase, passphrase)).get_privkey_from_path(where))
    if number % 10 == 0:
        assert Account.from_mnemonic(phrase, passphrase=passphrase, account_path=where).key == account.key
    return [phrase, passphrase.encode().hex(), where, account.address, account.key.hex()]


def derivation_case(rng):
    root, where, below = BIP32.from_seed(rng.randbytes(rng.randrange(16, 65))), path(rng), path(rng, hardened=False)
    private, public = root.get_xpriv_from_path(where), root.get_xpub_from_path(where)
    return [
        root.get_xpriv(), where, private, public, below, BIP32.from_xpub(public).get_xpub_from_path(below),
        BIP32.from_xpriv(private).get_xpriv_from_path(below),
    ]  # fmt: skip


def signature_case(rng):
    key, message = secret(rng), rng.randbytes(32)
    network = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", k=rng.randrange(1, 33)))
    case = [key.hex(), Account.from_key(key).address, message.hex(), network]
    for content in (encode_defunct(primitive=message), encode_defunct(text="0x" + message.hex())):
        signature = bytes(Account.sign_message(content, key).signature)
        layouts = (f"0x{message.hex()}:0x{signature.hex()}".encode(), message + signature)
        case += [f"{network}:{base58.b58encode(body).decode()}" for body in layouts]
    return case


def digest_case(rng):
    key, digest = keys.PrivateKey(secret(rng)), rng.randbytes(32)
    signature = key.sign_msg_hash(digest)
    return [
        key.to_bytes().hex(), key.public_key.to_bytes().hex(), key.public_key.to_checksum_address(), digest.hex(),
        signature.to_bytes().hex(),
    ]  # fmt: skip


def base58_case(rng):
    content = bytes(rng.choice([0, 0, 0, 1, 5])) + rng.randbytes(rng.randrange(250))
    return [content.hex(), base58.b58encode(content).decode()]


def keystore_case(rng):
    key, password, function = secret(rng), text(rng).encode(), rng.choice(["scrypt", "pbkdf2"])
    work = rng.choice([2, 16, 128]) if function == "scrypt" else rng.randrange(1, 500)
    file = eth_keyfile.create_keyfile_json(key, password, kdf=function, iterations=work)
    return [file, password.hex(), key.hex()]


def clef_case(rng, is_standard):
    """A key file as clef and geth write it (go-ethereum, accounts/keystore/passphrase.go: EncryptDataV3), member by member
    in their order, with their parameters: the standard ones or those of --lightkdf. eth-account opens it too."""
    key, password = secret(rng), text(rng).encode()
    n, p = (262144, 1) if is_standard else (4096, 6)
    salt, iv = rng.randbytes(32), rng.randbytes(16)
    stretched = hashlib.scrypt(password, salt=salt, n=n, r=8, p=p, dklen=32, maxmem=2**29)
    ciphertext = AES.new(stretched[:16], AES.MODE_CTR, initial_value=iv, nonce=b"").encrypt(key)
    file = {
        "address": Account.from_key(key).address[2:].lower(),
        "crypto": {
            "cipher": "aes-128-ctr", "ciphertext": ciphertext.hex(), "cipherparams": {"iv": iv.hex()}, "kdf": "scrypt",
            "kdfparams": {"dklen": 32, "n": n, "p": p, "r": 8, "salt": salt.hex()},
            "mac": keccak(stretched[16:] + ciphertext).hex(),
        },
        "id": str(uuid.UUID(bytes=rng.randbytes(16), version=4)),
        "version": 3,
    }  # fmt: skip
    assert Account.decrypt(json.dumps(file), password) == key
    return [file, password.hex(), key.hex()]


def normalization_case(rng):
    content = text(rng, 40)
    return [content.encode().hex(), unicodedata.normalize("NFKD", content).encode().hex()]


def all_decompositions():
    """Every character that NFKD changes, and every one that it moves."""
    letters = [
        chr(code)
        for code in range(0x80, 0x110000)
        if not 0xD800 <= code <= 0xDFFF
        and (unicodedata.normalize("NFKD", chr(code)) != chr(code) or unicodedata.combining(chr(code)))
    ]
    parts = ["".join(letters[start : start + 60]) for start in range(0, len(letters), 60)]
    return [[part.encode().hex(), unicodedata.normalize("NFKD", part).encode().hex()] for part in parts]
