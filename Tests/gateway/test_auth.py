"""What /auth says to good and bad keys."""

import hashlib

import base58
import pytest
from eth_account.messages import encode_defunct
from support.contracts import ApiKeys, Contract
from support.daemon import eventually
from support.keytext import key_text
from support.places import TEST_CONTRACTS

from .conftest import Owner, network_of


def refused(answer, status, code):
    assert answer.status == status, answer
    error = answer.json["error"]
    assert set(error) == {"message", "type", "code"} and error["code"] == code, answer
    return error["message"]


def fields(answer) -> dict:
    return {name.lower(): value for name, value in answer.headers.items()}


def test_a_key_on_the_chain_is_good(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    answer = gateway.auth(key)
    assert answer.status == 200
    assert answer.headers["X-Ora-Network"] == "BASE"
    assert answer.headers["X-Ora-Owner"] == key_owner.account.address
    assert answer.headers["X-Ora-Message"] == "0x" + key_owner.contract.message(1).hex()
    assert int(answer.headers["X-Ora-Block"]) == own_chain.head()


def test_both_ways_through_the_server_say_the_same(gateway, key_owner, own_chain):
    """A request in the plain form and one that the HTTP parser gets."""
    [key, dead] = key_owner.create(2)
    key_owner.disable(2)
    gateway.follows(own_chain.head())
    for text in (key, dead, None, "BASE:nonsense"):
        for target in ("/auth", "/auth?nginx=1"):
            plain, parsed = gateway.auth(text, target), gateway.auth(text, target, Connection="keep-alive")
            assert (plain.status, fields(plain), plain.body) == (parsed.status, fields(parsed), parsed.body)
    assert gateway.auth(key, "/auth/v1/chat/completions").status == 200
    post = gateway.get("/auth/v1/chat/completions", {"Authorization": f"Bearer {dead}"}, "POST", body=b"{}")
    assert post.status == 401


def test_a_disabled_key_is_refused(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    assert gateway.auth(key).status == 200
    key_owner.disable(1)
    gateway.follows(own_chain.head())
    answer = gateway.auth(key)
    assert "disabled" in refused(answer, 401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_unknown_keys_are_refused(gateway, key_owner, other, own_chain):
    key_owner.create()
    gateway.follows(own_chain.head())
    # A message that was not issued yet, and one that was issued to somebody else.
    for text in (key_owner.text(2), Owner(other, key_owner.contract).text(1)):
        assert "no such API key" in refused(gateway.auth(text), 401, "invalid_api_key")


def test_foreign_keys_are_refused(gateway, key_owner, own_chain):
    key_owner.create()
    elsewhere = ApiKeys.deploy(own_chain)
    Owner(key_owner.account, elsewhere).create()
    gateway.follows(own_chain.head())
    assert "network" in refused(gateway.auth(key_owner.text(1, "OPTIMISM")), 401, "invalid_api_key")
    foreign = key_text("BASE", key_owner.account, elsewhere.message(1))
    assert "deployment" in refused(gateway.auth(foreign), 401, "invalid_api_key")


def test_malformed_keys_are_refused_without_being_repeated(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    message = key_owner.contract.message(1)
    signature = bytes(key_owner.account.sign_message(encode_defunct(message)).signature)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high_s = signature[:32] + (order - int.from_bytes(signature[32:64])).to_bytes(32) + bytes([55 - signature[64]])

    def text(signature: bytes, prefix="0x") -> str:
        return "BASE:" + base58.b58encode(f"{prefix}{message.hex()}:0x{signature.hex()}").decode()

    bad = [
        key[:-1], key + "1", key.replace("BASE:", ""), key.replace("BASE", "base"), "BASE:", ":", key.replace(":", "::"),
        "BASE:1" + key[5:], key[:40] + "0" + key[41:], text(high_s), text(signature[:64] + b"\x00"), text(signature, "0X"),
        text(signature[:64]), "BASE:" + base58.b58encode(message + signature).decode(), "B" * 10000,
        "BASE:" + "z" * 272, key + " ", key.upper(),
    ]
    for candidate in bad:
        if candidate == key + " ":
            # Blanks around a value are no part of it (RFC 9110, section 5.5).
            assert gateway.auth(candidate).status == 200
            continue
        answer = gateway.auth(candidate)
        assert answer.status in (401, 431), (candidate, answer)
        assert candidate[5:] not in answer.body.decode() or len(candidate) < 8


@pytest.mark.parametrize("header", ["Basic dTpw", "Bearer", "Bearer ", "Digest x", "bearerx y"])
def test_other_credentials_are_refused(gateway, header):
    assert "no API key" in refused(gateway.get("/auth", {"Authorization": header}), 401, "invalid_api_key")
    assert "no API key" in refused(gateway.get("/auth"), 401, "invalid_api_key")


def test_the_scheme_is_read_in_any_case(gateway, key_owner, own_chain):
    [key] = key_owner.create()
    gateway.follows(own_chain.head())
    assert gateway.get("/auth", {"authorization": f"bEARER   {key}"}).status == 200


def test_forms_of_keys_are_settings(make_gateway, contract, owner):
    Owner(owner, contract).create()
    message = contract.message(1)
    gateway = make_gateway({
        "BASE": network_of(contract, layout="binary", signing="eip191-hex"), "SECOND": network_of(contract)}).start()
    good = key_text("BASE", owner, message, "binary", "eip191-hex")
    assert gateway.auth(good).status == 200
    assert gateway.auth(key_text("SECOND", owner, message)).headers["X-Ora-Network"] == "SECOND"
    assert "layout" in refused(gateway.auth(key_text("BASE", owner, message)), 401, "invalid_api_key")
    # Signed in the other scheme, it is the key of an unknown owner.
    refused(gateway.auth(key_text("BASE", owner, message, "binary")), 401, "invalid_api_key")


def test_another_contract_by_configuration(make_gateway, own_chain, owner):
    contract = Contract.deploy(own_chain, "MinimalKeys")
    abi = {"file": str(TEST_CONTRACTS / "MinimalKeys.abi.json"), "events": {"created": "Issued", "disabled": "Withdrawn"}}
    gateway = make_gateway({"BASE": network_of(contract, abi=abi)}).start()
    receipt = contract.transact(owner, "issue")
    [(_, fields)] = contract.events(receipt)
    message = bytes(next(value for value in fields.values() if isinstance(value, bytes)))
    key = key_text("BASE", owner, message)
    gateway.follows(own_chain.head())
    assert gateway.auth(key).status == 200
    contract.transact(owner, "withdraw", message)
    gateway.follows(own_chain.head())
    assert gateway.auth(key).status == 401


def test_no_key_in_logs_metrics_or_database(gateway, key_owner, own_chain):
    [key, dead] = key_owner.create(2)
    key_owner.disable(2)
    gateway.follows(own_chain.head())
    for text in (key, dead, key_owner.text(3), key[:-1], key_owner.text(1, "OTHER")):
        for target in ("/auth", "/auth?nginx=1", f"/auth/{text}", f"/{text}", f"/auth?key={text}"):
            gateway.auth(text, target)
            gateway.auth(text, target, Connection="close")
    told = gateway.get("/metrics", port=gateway.metrics_port).body
    assert gateway.stop() == 0
    everything = told + b"".join(path.read_bytes() for path in gateway.folder.rglob("*") if path.is_file())
    for text in (key, dead):
        body = text.partition(":")[2]
        signature = base58.b58decode(body).decode().partition(":0x")[2]
        for secret in (body, body[20:60], signature, signature[:32]):
            assert secret.encode() not in everything
        assert bytes.fromhex(signature)[:32] not in everything
        assert hashlib.sha256(text.encode()).digest() not in everything


def test_two_instances_agree(make_gateway, contract, key_owner, own_chain):
    first = make_gateway({"BASE": network_of(contract)}).start()
    second = make_gateway({"BASE": network_of(contract)}).start()
    [key] = key_owner.create()
    for gateway in (first, second):
        gateway.follows(own_chain.head())
        assert gateway.auth(key).status == 200
    key_owner.disable(1)
    for gateway in (first, second):
        eventually("the disable is acted on", lambda: gateway.auth(key).status == 401)
