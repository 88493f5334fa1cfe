"""The revoker disables, and can do nothing else."""

import pytest
from support.contracts import Reverted
from support.devchain import throwaway_account

NOBODY = "0x" + "00" * 20


@pytest.fixture
def revoker():
    return throwaway_account(4)


@pytest.fixture
def message(api_keys, owner, revoker):
    """The owner has ten keys and a revoker."""
    api_keys.transact(owner, "createKeys", 10)
    api_keys.transact(owner, "setRevoker", revoker.address)
    return api_keys.message


def test_appointing(api_keys, owner, revoker, other):
    assert api_keys.view("revokerOf", owner.address) == NOBODY
    for appointed in (revoker.address, other.address, NOBODY):
        receipt = api_keys.transact(owner, "setRevoker", appointed)
        assert api_keys.events(receipt) == [("RevokerSet", {"owner": owner.address, "revoker": appointed})]
        assert api_keys.view("revokerOf", owner.address) == appointed


def test_an_owner_is_not_its_own_revoker(api_keys, owner):
    with pytest.raises(Reverted, match="^revoker is owner$"):
        api_keys.transact(owner, "setRevoker", owner.address)


@pytest.mark.parametrize("by_owner", [True, False])
def test_owner_and_revoker_disable(api_keys, owner, revoker, message, by_owner):
    sender = owner if by_owner else revoker
    receipt = api_keys.transact(sender, "disableKeyFor", owner.address, message(1))
    assert api_keys.events(receipt) == [("KeyDisabled", {"owner": owner.address, "message": message(1)})]
    receipt = api_keys.transact(sender, "disableKeysFor", owner.address, [message(n) for n in (1, 2, 3)])
    assert [arguments["message"] for _, arguments in api_keys.events(receipt)] == [message(2), message(3)]


def test_the_rules_of_disabling_hold_for_the_revoker(api_keys, owner, revoker, message):
    api_keys.transact(revoker, "disableKeyFor", owner.address, message(1))
    with pytest.raises(Reverted, match="^already disabled$"):
        api_keys.transact(revoker, "disableKeyFor", owner.address, message(1))
    for function, argument in [("disableKeyFor", message(11)), ("disableKeysFor", [message(11)])]:
        with pytest.raises(Reverted, match="^unknown key$"):
            api_keys.transact(revoker, function, owner.address, argument)


def test_strangers_are_not_authorized(api_keys, owner, revoker, other, message):
    for stranger in (other, throwaway_account(5)):
        for function, argument in [("disableKeyFor", message(1)), ("disableKeysFor", [message(1)]), ("disableKeysFor", [])]:
            with pytest.raises(Reverted, match="^not authorized$"):
                api_keys.transact(stranger, function, owner.address, argument)
    with pytest.raises(Reverted, match="^not authorized$"):
        api_keys.transact(owner, "disableKeyFor", revoker.address, message(1))


def test_replaced_and_withdrawn_revokers_lose_their_right(api_keys, owner, other, revoker, message):
    api_keys.transact(owner, "setRevoker", other.address)
    with pytest.raises(Reverted, match="^not authorized$"):
        api_keys.transact(revoker, "disableKeyFor", owner.address, message(1))
    api_keys.transact(other, "disableKeyFor", owner.address, message(1))
    api_keys.transact(owner, "setRevoker", NOBODY)
    with pytest.raises(Reverted, match="^not authorized$"):
        api_keys.transact(other, "disableKeyFor", owner.address, message(2))


def test_a_revoker_creates_and_appoints_for_itself_only(api_keys, owner, revoker, message):
    api_keys.transact(revoker, "createKey")
    api_keys.transact(revoker, "setRevoker", throwaway_account(5).address)
    assert api_keys.view("keyCount", owner.address) == 10
    assert api_keys.view("revokerOf", owner.address) == revoker.address
    with pytest.raises(Reverted, match="^unknown key$"):
        api_keys.transact(revoker, "disableKey", message(2))
