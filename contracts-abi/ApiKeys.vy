# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title   ApiKeys
@license Apache-2.0
@notice  Issues and disables API keys. A key is a pair (owner, message): the owner signs the message off chain, and the
         signature is the credential. Nothing here takes or stores a signature.
@dev     Messages of one owner are PREFIX | 1, PREFIX | 2, ... so they only grow, and the list of them needs no storage.
         PREFIX is the upper 192 bits of keccak256(abi.encode(chain id, this contract)): a key of this deployment is
         worthless on any other. The status of a key is one bit (set = disabled), 256 keys to a storage word.
         There is no administrator, no pause and no upgrade; disabling is final.
"""

event KeyCreated:
    owner: indexed(address)
    message: indexed(bytes32)

event KeyDisabled:
    owner: indexed(address)
    message: indexed(bytes32)

event RevokerSet:
    owner: indexed(address)
    revoker: indexed(address)

struct KeyInfo:
    message: bytes32
    active: bool

# Most keys that one call creates, disables or lists
MAX_BATCH: public(constant(uint256)) = 128
# Most status words that one call of statusWords returns (262,144 keys)
MAX_STATUS_WORDS: public(constant(uint256)) = 1024
# Bits of a message that count the owner's keys
COUNTER_MASK: constant(uint256) = 2**64 - 1
# No status word has this number
NO_WORD: constant(uint256) = max_value(uint256)

# Upper 192 bits of every message of this deployment; the lower 64 bits are 0
PREFIX: public(immutable(uint256))

# owner -> number of keys ever created
keyCount: public(HashMap[address, uint256])
# owner -> address that may disable the owner's keys, and nothing else
revokerOf: public(HashMap[address, address])
# owner -> index // 256 -> bits, set = disabled
_disabled: HashMap[address, HashMap[uint256, uint256]]


@deploy
def __init__():
    PREFIX = convert(keccak256(abi_encode(chain.id, self)), uint256) & ~COUNTER_MASK


# Create

@external
def createKey() -> bytes32:
    """
    @notice Create the sender's next key
    @return Its message
    """
    n: uint256 = self.keyCount[msg.sender] + 1
    self.keyCount[msg.sender] = n
    message: bytes32 = self._message(n)
    log KeyCreated(owner=msg.sender, message=message)
    return message


@external
def createKeys(n: uint256) -> (bytes32, bytes32):
    """
    @notice Create the sender's next n keys, 1 to MAX_BATCH
    @return The first and the last message of the new, contiguous run
    """
    assert n > 0 and n <= MAX_BATCH, "bad count"
    base: uint256 = self.keyCount[msg.sender]
    self.keyCount[msg.sender] = base + n
    for i: uint256 in range(n, bound=MAX_BATCH):
        log KeyCreated(owner=msg.sender, message=convert(PREFIX | (base + i + 1), bytes32))
    return self._message(base + 1), self._message(base + n)


# Disable

@external
def disableKey(message: bytes32):
    """
    @notice Disable one of the sender's keys, for good
    """
    self._disable(msg.sender, message)


@external
def disableKeys(messages: DynArray[bytes32, MAX_BATCH]):
    """
    @notice Disable several of the sender's keys; those already disabled are passed over, an unknown one fails the call
    """
    self._disable_all(msg.sender, messages)


@external
def disableKeyFor(owner: address, message: bytes32):
    """
    @notice Disable one of the owner's keys, as the owner or the owner's revoker
    """
    self._authorize(owner)
    self._disable(owner, message)


@external
def disableKeysFor(owner: address, messages: DynArray[bytes32, MAX_BATCH]):
    """
    @notice Disable several of the owner's keys, as the owner or the owner's revoker
    """
    self._authorize(owner)
    self._disable_all(owner, messages)


@external
def setRevoker(revoker: address):
    """
    @notice Appoint the one address that may disable the sender's keys; the zero address withdraws the appointment
    """
    assert revoker != msg.sender, "revoker is owner"
    self.revokerOf[msg.sender] = revoker
    log RevokerSet(owner=msg.sender, revoker=revoker)


# Views

@external
@view
def isActive(owner: address, message: bytes32) -> bool:
    """
    @notice Whether the key exists and is not disabled; false, never an error, for a message that was not issued
    """
    m: uint256 = convert(message, uint256)
    n: uint256 = m & COUNTER_MASK
    if m ^ n != PREFIX or n == 0 or n > self.keyCount[owner]:
        return False
    return not self._is_disabled(owner, n - 1)


@external
@view
def messageAt(owner: address, index: uint256) -> bytes32:
    """
    @notice The owner's message number index, counted from 0
    """
    assert index < self.keyCount[owner], "out of range"
    return self._message(index + 1)


@external
@view
def keysOf(owner: address, offset: uint256, limit: uint256) -> DynArray[KeyInfo, MAX_BATCH]:
    """
    @notice The owner's keys from index offset on, at most limit and at most MAX_BATCH of them; empty past the end
    """
    keys: DynArray[KeyInfo, MAX_BATCH] = []
    count: uint256 = self.keyCount[owner]
    if offset < count:
        for i: uint256 in range(min(min(limit, MAX_BATCH), count - offset), bound=MAX_BATCH):
            keys.append(KeyInfo(
                message=self._message(offset + i + 1),
                active=not self._is_disabled(owner, offset + i),
            ))
    return keys


@external
@view
def statusWords(owner: address, firstWord: uint256, count: uint256) -> DynArray[uint256, MAX_STATUS_WORDS]:
    """
    @notice The status of 256 keys a word: bit b of word w is set when the key with index 256 * w + b is disabled
    @return At most count and at most MAX_STATUS_WORDS words from firstWord on, ending with the word of the newest key;
            bits of keys that do not exist yet are 0
    """
    words: DynArray[uint256, MAX_STATUS_WORDS] = []
    total: uint256 = (self.keyCount[owner] + 255) // 256
    if firstWord < total:
        for i: uint256 in range(min(min(count, MAX_STATUS_WORDS), total - firstWord), bound=MAX_STATUS_WORDS):
            words.append(self._disabled[owner][firstWord + i])
    return words


# Internal

@internal
@view
def _message(n: uint256) -> bytes32:
    return convert(PREFIX | n, bytes32)


@internal
@view
def _is_disabled(owner: address, index: uint256) -> bool:
    return (self._disabled[owner][index >> 8] >> (index & 255)) & 1 == 1


@internal
@view
def _authorize(owner: address):
    assert msg.sender == owner or msg.sender == self.revokerOf[owner], "not authorized"


@internal
@view
def _index(message: bytes32, count: uint256) -> uint256:
    """
    @return The index, from 0, of a message that is among the first count of its owner
    """
    m: uint256 = convert(message, uint256)
    n: uint256 = m & COUNTER_MASK
    assert m ^ n == PREFIX and n != 0 and n <= count, "unknown key"
    return unsafe_sub(n, 1)


@internal
def _disable(owner: address, message: bytes32):
    index: uint256 = self._index(message, self.keyCount[owner])
    word: uint256 = self._disabled[owner][index >> 8]
    bit: uint256 = 1 << (index & 255)
    assert word & bit == 0, "already disabled"
    self._disabled[owner][index >> 8] = word | bit
    log KeyDisabled(owner=owner, message=message)


@internal
def _disable_all(owner: address, messages: DynArray[bytes32, MAX_BATCH]):
    """
    @dev Neighbours share a status word, so a word is written once it is left, not for each key
    """
    count: uint256 = self.keyCount[owner]
    position: uint256 = NO_WORD
    word: uint256 = 0
    for message: bytes32 in messages:
        index: uint256 = self._index(message, count)
        if index >> 8 != position:
            if position != NO_WORD:
                self._disabled[owner][position] = word
            position = index >> 8
            word = self._disabled[owner][position]
        bit: uint256 = 1 << (index & 255)
        if word & bit == 0:
            word |= bit
            log KeyDisabled(owner=owner, message=message)
    if position != NO_WORD:
        self._disabled[owner][position] = word
