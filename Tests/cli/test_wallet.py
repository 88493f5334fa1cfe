"""Wallet files: made, imported, read by others and read from others; and what is wrong with them."""

import json
import os
import re

import pytest
from eth_account import Account
from support.places import binaries

from .conftest import ADDRESS, PASSPHRASE, WORDS, type_into

Account.enable_unaudited_hdwallet_features()


def address(shell, wallet, passphrase, *options):
    return shell.orakey("wallet", "address", "--wallet", wallet, "--passphrase-file", passphrase, *options)


# What works


def test_import_of_words_gives_the_address_everybody_gets(shell, wallet, passphrase):
    done = address(shell, wallet, passphrase)
    assert (done.code, done.out) == (0, ADDRESS + "\n")
    assert os.stat(wallet).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("options, path", [
    (["--account", "1"], "m/44'/60'/0'/0/1"), (["--path", "m/44'/60'/7'/0/3"], "m/44'/60'/7'/0/3")])
def test_accounts_are_those_of_eth_account(shell, wallet, passphrase, options, path):
    done = address(shell, wallet, passphrase, "--json", *options)
    assert json.loads(done.out) == {"address": Account.from_mnemonic(WORDS, account_path=path).address, "path": path}


@pytest.mark.parametrize("count", [12, 15, 18, 21, 24])
def test_new_words_are_valid_and_give_the_printed_address(shell, passphrase, count):
    done = shell.orakey(
        "wallet", "new", "--words", count, "--wallet", "new.json", "--passphrase-file", passphrase, "--show-mnemonic")
    assert done.code == 0, done.err
    words, shown = done.out.splitlines()
    assert len(words.split()) == count
    assert Account.from_mnemonic(words).address == shown
    assert words.split()[0] not in (shell.folder / "new.json").read_text()


def test_words_are_not_shown_to_a_pipe_unasked(shell, passphrase):
    done = shell.orakey("wallet", "new", "--wallet", "new.json", "--passphrase-file", passphrase)
    assert done.code == 0
    assert re.fullmatch(r"0x[0-9a-fA-F]{40}\n", done.out)
    assert "export --mnemonic" in done.err


def test_additional_passphrase_of_the_words(shell, passphrase):
    reading, writing = os.pipe()
    os.write(writing, b"TREZOR")
    os.close(writing)
    done = shell.orakey(
        "wallet", "import", "--mnemonic", "--mnemonic-passphrase-fd", reading, "--wallet", "w.json", "--passphrase-file",
        passphrase, stdin=WORDS, pass_fds=[reading])
    os.close(reading)
    assert done.out.strip() == Account.from_mnemonic(WORDS, passphrase="TREZOR").address


def test_key_file_of_eth_account_opens_here(shell, passphrase):
    key = Account.create()
    text = json.dumps(Account.encrypt(key.key, PASSPHRASE, kdf="scrypt", iterations=4096))
    done = shell.orakey(
        "wallet", "import", "--keystore-json", "--wallet", "w.json", "--passphrase-file", passphrase, stdin=text)
    assert (done.code, done.out) == (0, key.address + "\n"), done.err


def test_our_key_file_opens_in_eth_account(shell, passphrase):
    key = Account.create()
    done = shell.orakey(
        "wallet", "import", "--private-key", "--wallet", "w.json", "--passphrase-file", passphrase, stdin=key.key.hex())
    assert (done.code, done.out) == (0, key.address + "\n"), done.err
    assert Account.decrypt((shell.folder / "w.json").read_text(), PASSPHRASE) == key.key
    exported = shell.orakey("wallet", "export", "--private-key", "--wallet", "w.json", "--passphrase-file", passphrase)
    assert exported.out == "0x" + key.key.hex() + "\n"
    text = shell.orakey("wallet", "export", "--keystore-json", "--wallet", "w.json").out
    assert Account.decrypt(text, PASSPHRASE) == key.key


def test_export_gives_the_words_back(shell, wallet, passphrase):
    done = shell.orakey("wallet", "export", "--mnemonic", "--wallet", wallet, "--passphrase-file", passphrase)
    assert (done.code, done.out) == (0, WORDS + "\n")


def test_passwd_changes_the_passphrase_and_nothing_else(shell, wallet, passphrase):
    new = shell.private_file("new", "another one\n")
    done = shell.orakey(
        "wallet", "passwd", "--wallet", wallet, "--passphrase-file", passphrase, "--new-passphrase-file", new)
    assert done.code == 0, done.err
    assert address(shell, wallet, new).out == ADDRESS + "\n"
    assert address(shell, wallet, passphrase).code == 77


@pytest.mark.parametrize("weak", [{"kdf": "scrypt", "iterations": 2}, {"kdf": "pbkdf2", "iterations": 1}])
def test_passwd_strengthens_another_programs_file_and_keeps_the_rest(shell, passphrase, weak):
    key = Account.create()
    before = Account.encrypt(key.key, PASSPHRASE, **weak)
    del before["address"]
    before |= {"x-label": {"colour": "blue"}, "notes": None}
    wallet = shell.private_file("w.json", json.dumps(before))
    new = shell.private_file("new", "another one\n")
    done = shell.orakey(
        "wallet", "passwd", "--wallet", wallet, "--passphrase-file", passphrase, "--new-passphrase-file", new)
    assert done.code == 0, done.err
    after = json.loads(wallet.read_text())
    assert Account.decrypt(after, "another one") == key.key
    crypto = after.pop("crypto")
    assert (crypto["kdf"], crypto["kdfparams"]["n"], crypto["kdfparams"]["r"]) == ("scrypt", 262144, 8)
    assert after == {name: value for name, value in before.items() if name != "crypto"}


def test_passwd_loses_nothing_that_ethers_encrypted(shell, passphrase):
    before = Account.encrypt(Account.create().key, PASSPHRASE, kdf="scrypt", iterations=2)
    before["x-ethers"] = {"version": "0.1", "mnemonicCounter": "00" * 16, "mnemonicCiphertext": "00" * 16}
    wallet = shell.private_file("w.json", json.dumps(before))
    done = shell.orakey("wallet", "passwd", "--wallet", wallet, "--passphrase-file", passphrase, start_new_session=True)
    assert done.code == 65
    assert "w.json" in done.line() and "ethers" in done.line()
    assert json.loads(wallet.read_text()) == before


# What eth-account reads, and what we read. geth and clef ask for the names of functions as they stand, like us; a byte
# order mark stops them too.
SPELLINGS = [
    ("as it is", lambda text: text, True, True),
    ("address with 0X", lambda text: re.sub(r'"address": "(?:0x)?', '"address": "0X', text), True, True),
    ("no address", lambda text: re.sub(r'"address": "[^"]*", ', "", text), True, True),
    ("salt with 0x", lambda text: text.replace('"salt": "', '"salt": "0x'), True, True),
    ("salt with 0X", lambda text: text.replace('"salt": "', '"salt": "0X'), True, True),
    ("capital Crypto", lambda text: text.replace('"crypto"', '"Crypto"'), True, True),
    ("kdf in capitals", lambda text: text.replace('"pbkdf2"', '"PBKDF2"'), False, False),
    ("prf in capitals", lambda text: text.replace('"hmac-sha256"', '"HMAC-SHA256"'), False, False),
    ("byte order mark", lambda text: "\ufeff" + text, False, False),
    # geth refuses it; eth-account does not look at the name.
    ("cipher in capitals", lambda text: text.replace('"aes-128-ctr"', '"AES-128-CTR"'), True, False),
]


@pytest.mark.parametrize("alter, theirs, ours", [row[1:] for row in SPELLINGS], ids=[row[0] for row in SPELLINGS])
def test_spellings_of_key_files(shell, passphrase, alter, theirs, ours):
    key = Account.create()
    text = json.dumps(Account.encrypt(key.key, PASSPHRASE, kdf="pbkdf2", iterations=10))
    altered = alter(text)
    try:
        opened = Account.decrypt(altered, PASSPHRASE) == key.key
    except Exception:  # whatever eth-account raises
        opened = False
    assert opened == theirs
    done = shell.orakey(
        "wallet", "import", "--keystore-json", "--wallet", "w.json", "--passphrase-file", passphrase, stdin=altered)
    assert (done.code, done.out) == ((0, key.address + "\n") if ours else (65, "")), done.err


@pytest.mark.parametrize("before, after", [("", "\n\n"), ("0X", "\r\n"), (" \t0x", "  ")])
def test_pasted_private_keys(shell, passphrase, before, after):
    key = Account.create()
    done = shell.orakey(
        "wallet", "import", "--private-key", "--wallet", "w.json", "--passphrase-file", passphrase,
        stdin=before + key.key.hex().removeprefix("0x") + after)
    assert (done.code, done.out) == (0, key.address + "\n"), done.err
    assert Account.from_key("0X" + key.key.hex().removeprefix("0x")).address == key.address


def test_passphrase_from_descriptor_and_service_manager(shell, wallet):
    reading, writing = os.pipe()
    os.write(writing, PASSPHRASE.encode())
    os.close(writing)
    done = shell.orakey("wallet", "address", "--wallet", wallet, "--passphrase-fd", reading, pass_fds=[reading])
    os.close(reading)
    assert done.out == ADDRESS + "\n", done.err
    shell.private_file("wallet-passphrase", PASSPHRASE)
    shell.environment["CREDENTIALS_DIRECTORY"] = str(shell.folder)
    assert shell.orakey("wallet", "address", "--wallet", wallet).out == ADDRESS + "\n"


def test_prompts_name_the_file_and_show_nothing(shell):
    command = [binaries() / "orakey", "wallet", "new", "--wallet", "w.json"]
    code, seen = type_into(shell, command, {"New passphrase of w.json: ": "typed", "again: ": "typed"})
    assert code == 0, seen
    assert "typed" not in seen
    assert "write these words down" in seen
    code, seen = type_into(
        shell, [binaries() / "orakey", "wallet", "address", "--wallet", "w.json"], {"Passphrase of w.json: ": "typed"})
    assert code == 0, seen
    assert re.search(r"0x[0-9a-fA-F]{40}", seen)


def test_passwd_asks_for_both_passphrases(shell, wallet, passphrase):
    command = [binaries() / "orakey", "wallet", "passwd", "--wallet", wallet]
    answers = {f"Passphrase of {wallet}: ": PASSPHRASE, "New passphrase of": "another one", "again: ": "another one"}
    code, seen = type_into(shell, command, answers)
    assert code == 0, seen
    assert address(shell, wallet, shell.private_file("new", "another one")).out == ADDRESS + "\n"
    assert address(shell, wallet, passphrase).code == 77


def test_passwd_takes_no_new_passphrase_from_the_service_manager(shell, wallet):
    shell.private_file("wallet-passphrase", PASSPHRASE)
    shell.environment["CREDENTIALS_DIRECTORY"] = str(shell.folder)
    done = shell.orakey("wallet", "passwd", "--wallet", wallet, start_new_session=True)
    assert done.code == 77 and "no terminal" in done.line()
    done = shell.orakey("wallet", "passwd", "--wallet", wallet, "--new-passphrase-file", shell.private_file("empty", "\n"))
    assert done.code == 65 and "empty" in done.line()


def test_two_different_passphrases_write_nothing(shell):
    command = [binaries() / "orakey", "wallet", "new", "--wallet", "w.json"]
    code, seen = type_into(shell, command, {"New passphrase of w.json: ": "one", "again: ": "two"})
    assert code == 65 and "differ" in seen
    assert not (shell.folder / "w.json").exists()


def test_pasted_words(shell, passphrase):
    pasted = "\ufeff" + WORDS.upper().replace(" ", "\u2028\u200b")
    done = shell.orakey(
        "wallet", "import", "--mnemonic", "--wallet", "w.json", "--passphrase-file", passphrase, stdin=pasted)
    assert (done.code, done.out) == (0, ADDRESS + "\n"), done.err


@pytest.mark.parametrize("additional", ["한" * 341, "a\u0308\u0323 ﬀ ㍍ガ 𝔄", " kept blanks "])
def test_additional_passphrases_of_all_scripts(shell, passphrase, additional):
    with open(shell.folder / "extra", "w+") as extra:
        extra.write(additional)
        extra.seek(0)
        done = shell.orakey(
            "wallet", "import", "--mnemonic", "--mnemonic-passphrase-fd", extra.fileno(), "--wallet", "w.json",
            "--passphrase-file", passphrase, stdin=WORDS, pass_fds=[extra.fileno()])
    assert done.out.strip() == Account.from_mnemonic(WORDS, passphrase=additional).address, done.err
    assert address(shell, "w.json", passphrase).out == done.out


# What does not


def test_wrong_passphrase(shell, wallet):
    done = address(shell, wallet, shell.private_file("wrong", "wrong"))
    assert done.code == 77
    assert done.line().startswith("wrong passphrase, or the wallet file was altered")


@pytest.mark.parametrize("alter, code", [
    (lambda text: text[: len(text) // 2], 65),
    (lambda text: "", 65),
    (lambda text: text.replace('"ciphertext": "', '"ciphertext": "00', 1), 77),
    (lambda text: text.replace(ADDRESS[2:].lower(), "00" * 20).replace(ADDRESS, "0x" + "00" * 20), 77),
])
def test_damaged_wallet_file(shell, wallet, passphrase, alter, code):
    wallet.write_text(alter(wallet.read_text()))
    done = address(shell, wallet, passphrase)
    assert done.code in (code, 65)
    assert "wallet" in done.line()


def test_wallet_that_others_can_read(shell, wallet, passphrase):
    wallet.chmod(0o640)
    done = address(shell, wallet, passphrase)
    assert done.code == 77
    assert "chmod 600" in done.line()


def test_passphrase_file_that_others_can_read(shell, wallet, passphrase):
    passphrase.chmod(0o604)
    done = address(shell, wallet, passphrase)
    assert done.code == 77
    assert "passphrase" in done.line() and "chmod 600" in done.line()


def test_wallet_that_is_not_there(shell, passphrase):
    done = address(shell, "nowhere.json", passphrase)
    assert done.code == 66
    assert "nowhere.json" in done.line()


def test_existing_wallet_is_never_overwritten(shell, wallet, passphrase):
    before = wallet.read_text()
    done = shell.orakey("wallet", "new", "--wallet", wallet, "--passphrase-file", passphrase)
    assert done.code == 73
    assert "exists already" in done.line()
    assert wallet.read_text() == before


@pytest.mark.parametrize("words, expected", [
    (WORDS.replace("junk", "jink"), 'word 12 ("jink") is not in the BIP-39 list; did you mean "'),
    (WORDS.replace("junk", "test"), "the words do not fit together (checksum)"),
    ("test test", "a mnemonic has 12, 15, 18, 21 or 24 words, not 2"),
    (WORDS.replace(" ", ", "), "the words have blanks between them and nothing else; leave out numbers, commas"),
    (" ".join(f"{n}. {word}" for n, word in enumerate(WORDS.split(), 1)), "the words have blanks between them"),
])
def test_wrong_words(shell, passphrase, words, expected):
    done = shell.orakey(
        "wallet", "import", "--mnemonic", "--wallet", "w.json", "--passphrase-file", passphrase, stdin=words)
    assert done.code == 65
    assert done.line().startswith(expected)
    assert not (shell.folder / "w.json").exists()


@pytest.mark.parametrize("key", ["", "0x12", "00" * 32, "ff" * 32, "0x" + "1g" * 32])
def test_wrong_private_key(shell, passphrase, key):
    done = shell.orakey(
        "wallet", "import", "--private-key", "--wallet", "w.json", "--passphrase-file", passphrase, stdin=key)
    assert done.code == 65
    assert done.line().startswith("not a private key")


def test_secret_never_on_the_command_line(shell, passphrase):
    done = shell.orakey("wallet", "import", "--private-key", "11" * 32, "--wallet", "w.json")
    assert done.code == 64
    for option in ("--passphrase", "--mnemonic-passphrase"):
        assert shell.orakey("wallet", "new", option, "x", "--wallet", "w.json").code == 64


def test_without_terminal_and_passphrase(shell, wallet):
    done = shell.orakey("wallet", "address", "--wallet", wallet, start_new_session=True)
    assert done.code == 77
    assert "no terminal" in done.line()


def test_interrupted_prompt_leaves_the_echo_on(shell, wallet):
    command = [binaries() / "orakey", "wallet", "address", "--wallet", wallet]
    code, seen = type_into(shell, ["/bin/sh", "-c", f"{command[0]} wallet address --wallet {wallet}; stty -a; exit 9"], {
        "Passphrase of": "\x03"})
    assert code == 9
    assert re.search(r"[^-]echo\b", seen), seen
