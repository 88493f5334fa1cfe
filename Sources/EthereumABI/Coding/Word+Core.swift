import EthereumCore

/// Words to and from the inline types of EthereumCore.
extension Word {
    @inline(__always)
    init(_ value: Bytes32) {
        var digits: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &digits) { buffer in
            if let address = buffer.baseAddress { unsafe value.store(to: address) }
        }
        self.init(digits.0.bigEndian, digits.1.bigEndian, digits.2.bigEndian, digits.3.bigEndian)
    }

    @inline(__always)
    init(_ value: UInt256) { self.init(Bytes32(value)) }

    @inline(__always)
    init(_ value: Address) { self.init(value.word) }

    @inline(__always)
    var bytes32: Bytes32 {
        let digits = (w0.bigEndian, w1.bigEndian, w2.bigEndian, w3.bigEndian)
        return unsafe withUnsafeBytes(of: digits) { unsafe Bytes32(unsafe: $0) }
    }

    @inline(__always)
    var uint256: UInt256 { UInt256(bytes32) }

    /// The address in the lowest 20 bytes.
    @inline(__always)
    var address: Address { Address(truncating: bytes32) }
}
