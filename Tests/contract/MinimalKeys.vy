# pragma version 0.4.3
# pragma evm-version cancun
# pragma optimize gas
"""
@title   MinimalKeys
@license Apache-2.0
@notice  Another contract that issues keys, for tests: other names, plain counters, no batches, no revoker, no lists.
         The message of Issued is not indexed, that of Withdrawn is.
"""

event Issued:
    holder: indexed(address)
    id: bytes32

event Withdrawn:
    holder: indexed(address)
    id: indexed(bytes32)

_issued: HashMap[address, uint256]
_withdrawn: HashMap[address, HashMap[bytes32, bool]]


@external
def issue():
    self._issued[msg.sender] += 1
    log Issued(holder=msg.sender, id=convert(self._issued[msg.sender], bytes32))


@external
def withdraw(id: bytes32):
    assert self._is_usable(msg.sender, id), "not usable"
    self._withdrawn[msg.sender][id] = True
    log Withdrawn(holder=msg.sender, id=id)


@external
@view
def usable(holder: address, id: bytes32) -> bool:
    return self._is_usable(holder, id)


@internal
@view
def _is_usable(holder: address, id: bytes32) -> bool:
    n: uint256 = convert(id, uint256)
    return n != 0 and n <= self._issued[holder] and not self._withdrawn[holder][id]
