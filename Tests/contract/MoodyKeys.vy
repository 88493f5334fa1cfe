# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title   MoodyKeys
@license Apache-2.0
@notice  ApiKeys with bad manners on demand, for tests: anybody may set its mood. Create calls then misbehave as named;
         PAUSED concerns the disable calls too.
"""

import ApiKeys
initializes: ApiKeys

exports: (
    ApiKeys.PREFIX, ApiKeys.MAX_BATCH, ApiKeys.MAX_STATUS_WORDS, ApiKeys.keyCount, ApiKeys.revokerOf, ApiKeys.isActive,
    ApiKeys.messageAt, ApiKeys.keysOf, ApiKeys.statusWords, ApiKeys.setRevoker,
)

flag Mood:
    PAUSED   # 1: reverts with a reason
    STUCK    # 2: issues the newest message once more
    SILENT   # 4: counts, but logs nothing
    FOREIGN  # 8: issues a message of another deployment
    BARE     # 16: reverts without a reason

mood: public(Mood)


@deploy
def __init__():
    ApiKeys.__init__()


@external
def setMood(mood: Mood):
    """
    @param mood 0 for good manners
    """
    self.mood = mood


@external
def createKey() -> bytes32:
    return self._create()


@external
def createKeys(n: uint256) -> (bytes32, bytes32):
    assert n > 0 and n <= ApiKeys.MAX_BATCH, "bad count"
    first: bytes32 = self._create()
    last: bytes32 = first
    for i: uint256 in range(n - 1, bound=ApiKeys.MAX_BATCH):
        last = self._create()
    return first, last


@external
def disableKey(message: bytes32):
    self._check()
    ApiKeys._disable(msg.sender, message)


@external
def disableKeys(messages: DynArray[bytes32, ApiKeys.MAX_BATCH]):
    self._check()
    ApiKeys._disable_all(msg.sender, messages)


@external
def disableKeyFor(owner: address, message: bytes32):
    self._check()
    ApiKeys._authorize(owner)
    ApiKeys._disable(owner, message)


@external
def disableKeysFor(owner: address, messages: DynArray[bytes32, ApiKeys.MAX_BATCH]):
    self._check()
    ApiKeys._authorize(owner)
    ApiKeys._disable_all(owner, messages)


@internal
def _check():
    assert self.mood != Mood.PAUSED, "paused"
    if self.mood == Mood.BARE:
        raise


@internal
def _create() -> bytes32:
    self._check()
    n: uint256 = ApiKeys.keyCount[msg.sender]
    if self.mood != Mood.STUCK or n == 0:
        n += 1
        ApiKeys.keyCount[msg.sender] = n
    message: bytes32 = ApiKeys._message(n)
    if self.mood == Mood.FOREIGN:
        message = convert(convert(message, uint256) ^ (1 << 255), bytes32)
    if self.mood != Mood.SILENT:
        log ApiKeys.KeyCreated(owner=msg.sender, message=message)
    return message
