import EthereumABI
import EthereumCore
import Testing

/// What strict decoding refuses, and what the lenient mode makes of it.
@Suite struct DecodingTests {
    static let ones = String(repeating: "f", count: 64)

    @Test(arguments: [
        ("uint8", "0000000000000000000000000000000000000000000000000000000000000100", ABIValue.uint(0)),
        ("uint248", "01000000000000000000000000000000000000000000000000000000000000ff", .uint(0xff)),
        ("int8", "00000000000000000000000000000000000000000000000000000000000000ff", .int(-1)),
        ("int8", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", .int(127)),
        ("bool", "0000000000000000000000000000000000000000000000000000000000000002", true),
        ("bool", "8000000000000000000000000000000000000000000000000000000000000000", true),
        ("address", "0000000000000000000000010000000000000000000000000000000000000000", .address(.zero)),
        ("ufixed8x1", "0000000000000000000000000000000000000000000000000000000000000101", .ufixed(1)),
        ("fixed16x1", "000000000000000000000000000000000000000000000000000000000000ffff", .fixed(-1)),
    ])
    func dirtyPadding(type: String, word: String, lenient: ABIValue) throws {
        let codec = try ABICodec(parsing: "(\(type))")
        let data = try hex(word)
        #expect(errorCode { _ = try codec.decode(data) } == .dirtyPadding)
        #expect(try codec.decode(data, options: .lenient) == [lenient])
        // The same inside arrays, where another path decodes.
        let array = try ABICodec(parsing: "(\(type)[2])")
        let clean = try codec.encode([lenient])
        #expect(errorText { _ = try array.decode(clean + data) }.hasPrefix("[0][1]: "))
        let tuples = try ABICodec(parsing: "((bool,(\(type) inner)[1] list)[])")
        let wrapped = try words("20", "2", "1") + clean + words("0") + data
        #expect(errorText { _ = try tuples.decode(wrapped) }.hasPrefix("[0][1].list[0].inner: "))
    }

    @Test func dirtyFixedBytes() throws {
        for (type, count) in [("bytes1", 1), ("bytes31", 31), ("function", 24)] {
            let codec = try ABICodec(parsing: "(\(type))")
            var data = [UInt8](repeating: 0, count: 32)
            #expect(throws: Never.self) { try codec.decode(data) }
            data[count] = 1
            #expect(errorCode { _ = try codec.decode(data) } == .dirtyPadding)
            let clean = try codec.decode(data, options: .lenient)
            #expect(try codec.encode(clean) == [UInt8](repeating: 0, count: 32))
        }
    }

    @Test func byteStrings() throws {
        let codec = try ABICodec(parsing: "(bytes)")
        #expect(try codec.decode(words("20", "0")) == [.bytes([])])
        let dirty = try words("20", "1") + hex("aa01" + String(repeating: "00", count: 30))
        #expect(errorCode { _ = try codec.decode(dirty) } == .dirtyPadding)
        #expect(try codec.decode(dirty, options: .lenient) == [.bytes([0xaa])])
        let unpadded = try words("20", "1") + [0xaa]
        #expect(errorCode { _ = try codec.decode(unpadded) } == .truncated)
        #expect(try codec.decode(unpadded, options: .lenient) == [.bytes([0xaa])])
        let short = try words("20", "2") + [0xaa]
        #expect(errorCode { _ = try codec.decode(short) } == .badLength)
        #expect(errorCode { _ = try codec.decode(short, options: .lenient) } == .badLength)
    }

    @Test func strings() throws {
        let codec = try ABICodec(parsing: "(string)")
        let broken = try words("20", "2") + hex("61ff" + String(repeating: "00", count: 30))
        #expect(errorCode { _ = try codec.decode(broken) } == .invalidUTF8)
        #expect(try codec.decode(broken, options: .lenient) == ["a\u{fffd}"])
        // Overlong and surrogate encodings are not UTF-8 either.
        for bytes in ["c080", "eda080", "f5808080"] {
            let padding = String(repeating: "00", count: 32 - bytes.utf8.count / 2)
            let data = try words("20", String(bytes.utf8.count / 2)) + hex(bytes + padding)
            #expect(errorCode { _ = try codec.decode(data) } == .invalidUTF8)
        }
    }

    @Test func offsetsAndLengths() throws {
        let codec = try ABICodec(parsing: "(uint256[])")
        for (data, code) in [
            (try words("21", "0"), ABIError.Code.truncated), (try words("40", "0"), .truncated),
            (try words("41", "0"), .badOffset), (try words(Self.ones, "0"), .badOffset),
            (try words("8000000000000000", "0"), .badOffset), (try words("7fffffffffffffff", "0"), .badOffset),
            (try words("20", "1"), .badLength), (try words("20", Self.ones), .badLength),
            (try words("20", "7fffffffffffffff"), .badLength), (try words("20", "400000000000000", "1"), .badLength),
            (try words("20", "800000000000001", "1"), .badLength), (try words("20", "2", "1"), .badLength),
            ([], .truncated), (try hex("00"), .truncated), (Array(try words("20").dropLast()), .truncated),
        ] {
            #expect(errorCode { _ = try codec.decode(data) } == code, "\(Hex.encode(data))")
            #expect(errorCode { _ = try codec.decode(data, options: .lenient) } == code)
        }
        // An offset into the own head is legal for Solidity's decoder; no encoder writes it.
        #expect(errorCode { _ = try codec.decode(words("0", "0")) } == .badOffset)
        #expect(errorCode { _ = try codec.decode(words("1f", "0")) } == .badOffset)
        #expect(try codec.decode(words("0", "0"), options: .lenient) == [.array([ABIValue]())])
        let inner = try ABICodec(parsing: "(bytes[])")
        #expect(errorCode { _ = try inner.decode(words("20", "2", "20", "40", "0")) } == .badOffset)
        #expect(errorCode { _ = try codec.decode(words("0"), options: .lenient) } == nil)
    }

    @Test func gapsOverlapsAndTrailingBytes() throws {
        let codec = try ABICodec(parsing: "(bytes,bytes)")
        let values: [ABIValue] = [.bytes([1]), .bytes([1])]
        let tail = try words("1") + hex("01" + String(repeating: "00", count: 31))
        let honest = try words("40", "80") + tail + tail
        #expect(try codec.decode(honest, options: .canonical) == values)
        let gap = try words("60", "a0", "0") + tail + tail
        #expect(try codec.decode(gap) == values)
        #expect(errorCode { _ = try codec.decode(gap, options: .canonical) } == .notCanonical)
        let trailing = honest + [0]
        #expect(try codec.decode(trailing) == values)
        #expect(errorCode { _ = try codec.decode(trailing, options: .canonical) } == .notCanonical)
        let shared = try words("40", "40") + tail
        #expect(errorCode { _ = try codec.decode(shared) } == .limitExceeded)
        #expect(try codec.decode(shared, options: .lenient) == values)
    }

    /// Nested arrays whose offsets all point to one place: 2^64 values in a kilobyte, if one believed them.
    @Test func bombsAreRefused() throws {
        let nested = try ABICodec(parsing: "(uint256" + String(repeating: "[]", count: 20) + ")")
        var bomb = try words("20")
        for level in 0..<19 {
            bomb += try words("8", "100", "100", "100", "100", "100", "100", "100", "100")
            _ = level
        }
        bomb += try words("8", "1", "1", "1", "1", "1", "1", "1", "1")
        #expect(errorCode { _ = try nested.decode(bomb) } == .limitExceeded)
        #expect(errorCode { _ = try nested.decode(bomb, options: .lenient) } == .limitExceeded)

        for list in ["(()[])", "(uint256[0][])", "((()[0],bytes[0])[])", "((uint8,()[60000])[])"] {
            let codec = try ABICodec(parsing: list)
            for length in ["ffffffff", "7fffffffffffffff", "10001"] {
                let data = try words("20", length) + [UInt8](repeating: 0, count: 64)
                let code = errorCode { _ = try codec.decode(data) }
                #expect(code == .limitExceeded || code == .badLength, "\(list) \(length)")
            }
        }
        let few = try ABICodec(parsing: "(()[])")
        #expect(
            try few.decode(words("20", "3")) == [
                .array([.tuple([ABIValue]()), .tuple([ABIValue]()), .tuple([ABIValue]())])
            ])
    }

    @Test func staticTuplesShareStorage() throws {
        let codec = try ABICodec(parsing: "((bytes32,bool,(uint8,address[2]))[])")
        let element = ABIValue.tuple([
            .bytes32(Bytes32(UInt256(5))), true, .tuple([.uint(7), .array([.address(.zero), .address(.zero)])]),
        ])
        let values: [ABIValue] = [.array([ABIValue](repeating: element, count: 1000))]
        let data = try codec.encode(values)
        #expect(data.count == 64 + 1000 * 160)
        let decoded = try codec.decode(data, options: .canonical)
        #expect(decoded == values)
        guard case .array(let list)? = decoded.first, case .tuple(let tuple)? = list.last else {
            Issue.record("not an array of tuples")
            return
        }
        #expect(tuple.count == 3)
        let places = list.map { element -> Int? in
            guard case .tuple(let members) = element else { return nil }
            return members.withContiguousStorageIfAvailable { Int(bitPattern: $0.baseAddress) }
        }
        let distances = zip(places, places.dropFirst()).map { ($1 ?? 0) - ($0 ?? 0) }
        #expect(distances.allSatisfy { $0 == 3 * MemoryLayout<ABIValue>.stride }, "one block for all tuples")
        #expect(MemoryLayout<ABIValue>.stride == 40)
        #expect(tuple[1] == true)
        #expect(tuple.elements.count == 3)
        #expect(Array(tuple.reversed()).last == tuple.first)
    }

    @Test func skippingIsBounded() throws {
        let codec = try ABICodec(parsing: "(uint256)")
        #expect(errorCode { _ = try codec.decode([1, 2], skipping: 3) } == .truncated)
        #expect(errorCode { _ = try codec.decode([1, 2], skipping: -1) } == .truncated)
        #expect(try codec.decode([9] + words("5"), skipping: 1) == [.uint(5)])
    }

    @Test func emptyReturnSaysWhy() throws {
        let function = try ABIFunction(signature: "isActive(address,bytes32) returns (bool)")
        #expect(
            errorText { _ = try function.decodeReturn([]) }
                == "returns: isActive returned nothing; is there a contract at the address?")
        #expect(try ABIFunction(signature: "f()").decodeReturn([]) == [])
        #expect(errorCode { _ = try function.decodeCall([1, 2, 3]) } == .truncated)
        #expect(errorCode { _ = try function.decodeCall([1, 2, 3, 4]) } == .wrongSelector)
    }
}
