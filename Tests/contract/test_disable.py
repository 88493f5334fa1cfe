"""disableKey and disableKeys: final, for the owner's own keys only."""

import pytest
from support.contracts import MAX_BATCH, Reverted


def disabled(owner, *messages):
    return [("KeyDisabled", {"owner": owner.address, "message": message}) for message in messages]


@pytest.fixture
def message(api_keys, owner):
    """The owner has 600 keys, in three status words."""
    api_keys.set_up_keys(owner.address, 600)
    return api_keys.message


def test_disable_key(api_keys, owner, message):
    receipt = api_keys.transact(owner, "disableKey", message(2))
    assert api_keys.events(receipt) == disabled(owner, message(2))
    active = [api_keys.view("isActive", owner.address, message(n)) for n in (1, 2, 3)]
    assert active == [True, False, True]


def test_disabling_is_final(api_keys, owner, message):
    api_keys.transact(owner, "disableKey", message(1))
    with pytest.raises(Reverted, match="^already disabled$"):
        api_keys.transact(owner, "disableKey", message(1))
    api_keys.transact(owner, "createKey")
    assert not api_keys.view("isActive", owner.address, message(1))


def unknown_messages(api_keys):
    return {
        "counter 0": api_keys.message(0),
        "not issued yet": api_keys.message(601),
        "no prefix": (1).to_bytes(32, "big"),
        "prefix with one bit more": (api_keys.prefix ^ (1 << 64) | 1).to_bytes(32, "big"),
        "all ones": b"\xff" * 32,
        "zero": b"\0" * 32,
    }


def test_unknown_keys_are_refused(api_keys, owner, message):
    for name, unknown in unknown_messages(api_keys).items():
        for function, argument in [("disableKey", unknown), ("disableKeys", [message(1), unknown])]:
            with pytest.raises(Reverted, match="^unknown key$"):
                api_keys.transact(owner, function, argument)
        assert not api_keys.view("isActive", owner.address, unknown), name
    assert api_keys.view("isActive", owner.address, message(1)), "a failed batch disables nothing"


def test_keys_of_others_are_unknown(api_keys, other, message):
    with pytest.raises(Reverted, match="^unknown key$"):
        api_keys.transact(other, "disableKey", message(1))


def test_disable_keys_passes_over_disabled_ones(api_keys, owner, message):
    api_keys.transact(owner, "disableKey", message(2))
    receipt = api_keys.transact(owner, "disableKeys", [message(n) for n in (1, 2, 3, 3, 1)])
    assert api_keys.events(receipt) == disabled(owner, message(1), message(3))


def test_disable_keys_across_words_in_any_order(api_keys, owner, message):
    numbers = [256, 257, 1, 600, 255, 512, 513, 257, 2, 511]
    receipt = api_keys.transact(owner, "disableKeys", [message(n) for n in numbers])
    assert api_keys.events(receipt) == disabled(owner, *(message(n) for n in dict.fromkeys(numbers)))
    words = [0, 0, 0]
    for n in numbers:
        words[(n - 1) // 256] |= 1 << (n - 1) % 256
    assert api_keys.view("statusWords", owner.address, 0, 3) == words


def test_nothing_to_disable_is_no_error(api_keys, owner, message):
    assert api_keys.transact(owner, "disableKeys", [])["logs"] == []


def test_batch_limit(api_keys, owner, message):
    receipt = api_keys.transact(owner, "disableKeys", [message(n) for n in range(200, 200 + MAX_BATCH)])
    assert len(receipt["logs"]) == MAX_BATCH
    with pytest.raises(Reverted) as failure:
        api_keys.transact(owner, "disableKeys", [message(n) for n in range(1, MAX_BATCH + 2)])
    assert failure.value.reason is None, "Vyper refuses longer arrays while decoding, without a reason"
