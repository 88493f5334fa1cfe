extension Base58 {
    /// The bytes of a text of at most `maxCount` bytes.
    ///
    /// - Throws: ``Base58Error``; it names offsets, never characters.
    public static func decode(_ text: some StringProtocol, maxCount: Int) throws(Base58Error) -> [UInt8] {
        try decode(utf8: Array(text.utf8), maxCount: maxCount)
    }

    /// The bytes of a text given as ASCII, at most `maxCount` of them.
    ///
    /// - Throws: ``Base58Error``; it names offsets, never characters.
    public static func decode(utf8: [UInt8], maxCount: Int) throws(Base58Error) -> [UInt8] {
        guard maxCount >= 0, utf8.count <= maxEncodedCount(maxCount) else { throw .tooLong(limit: maxCount) }
        var bytes = [UInt8](repeating: 0, count: min(maxCount, utf8.count))
        var failure: Base58Error?
        let count = unsafe bytes.withUnsafeMutableBytes { output in
            unsafe utf8.withUnsafeBytes { input in
                do throws(Base58Error) {
                    return try unsafe decode(input, into: output)
                } catch {
                    failure = error
                    return 0
                }
            }
        }
        if case .tooLong? = failure { throw .tooLong(limit: maxCount) }
        if let failure { throw failure }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// Writes the bytes of a text given as ASCII and returns how many there are. Nothing is allocated for texts of up to
    /// 1,200 characters, and what the conversion leaves on the stack is wiped.
    ///
    /// - Throws: ``Base58Error``; `tooLong` when the output has no room for the bytes.
    public static func decode(
        _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
    ) throws(Base58Error) -> Int {
        var zeros = 0
        while zeros < input.count, unsafe input[zeros] == UInt8(ascii: "1") { zeros += 1 }
        guard zeros <= output.count, input.count <= maxEncodedCount(output.count) else {
            throw .tooLong(limit: output.count)
        }
        guard zeros < input.count else {
            for index in 0..<zeros { unsafe output[index] = 0 }
            return zeros
        }
        // Ten characters are below 58.6 bits, so every group needs less than one word.
        let groups = (input.count - zeros + 9) / 10
        let result: Result<Int, Base58Error> = unsafe withUnsafeTemporaryAllocation(
            of: UInt64.self, capacity: groups
        ) { words in
            do throws(Base58Error) {
                let used = try unsafe fill(words, from: input, start: zeros)
                defer { unsafe wipe(words, used) }
                return .success(try unsafe write(words, used: used, zeros: zeros, to: output))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Converts the digits from `start` on to words, least significant first; returns how many.
    private static func fill(
        _ words: UnsafeMutableBufferPointer<UInt64>, from input: UnsafeRawBufferPointer, start: Int
    ) throws(Base58Error) -> Int {
        var used = 0
        var offset = start
        var groupEnd = start + (input.count - start) % 10
        if groupEnd == start { groupEnd += 10 }
        while offset < input.count {
            var carry: UInt64 = 0
            var scale: UInt64 = 1
            while offset < groupEnd {
                let digit = unsafe digits[Int(input[offset])]
                guard digit < 58 else {
                    unsafe wipe(words, used)
                    throw .invalidCharacter(offset: offset)
                }
                carry = carry &* 58 &+ UInt64(digit)
                scale = scale &* 58
                offset &+= 1
            }
            groupEnd &+= 10
            for index in 0..<used {
                let (high, low) = unsafe words[index].multipliedFullWidth(by: scale)
                let (sum, overflow) = low.addingReportingOverflow(carry)
                unsafe words[index] = sum
                carry = high &+ (overflow ? 1 : 0)
            }
            if carry != 0 {
                unsafe words[used] = carry
                used &+= 1
            }
        }
        return used
    }

    private static func write(
        _ words: UnsafeMutableBufferPointer<UInt64>, used: Int, zeros: Int, to output: UnsafeMutableRawBufferPointer
    ) throws(Base58Error) -> Int {
        let topBytes = unsafe used == 0 ? 0 : (64 - words[used - 1].leadingZeroBitCount + 7) / 8
        let count = zeros + (used == 0 ? 0 : 8 * (used - 1)) + topBytes
        guard count <= output.count else { throw .tooLong(limit: output.count) }
        for index in 0..<zeros { unsafe output[index] = 0 }
        var position = zeros
        for shift in stride(from: 8 * (topBytes - 1), through: 0, by: -8) {
            unsafe output[position] = UInt8(truncatingIfNeeded: words[used - 1] >> UInt64(shift))
            position &+= 1
        }
        var index = used - 1
        while index > 0 {
            index &-= 1
            unsafe output.storeBytes(of: words[index].bigEndian, toByteOffset: position, as: UInt64.self)
            position &+= 8
        }
        return count
    }

    /// Digit of each byte; 255 where there is none.
    private static let digits: InlineArray<256, UInt8> = {
        var digits = InlineArray<256, UInt8>(repeating: 255)
        for digit in 0..<58 { digits[unsafe Int(alphabet.utf8Start[digit])] = UInt8(digit) }
        return digits
    }()
}

/// Why a text is not Base58. The text is never repeated.
public enum Base58Error: Error, Sendable, Hashable, CustomStringConvertible {
    case invalidCharacter(offset: Int)
    case tooLong(limit: Int)

    public var description: String {
        switch self {
        case .invalidCharacter(let offset): "not a Base58 character at offset \(offset)"
        case .tooLong(let limit): "the Base58 text stands for more than \(limit) bytes"
        }
    }
}
