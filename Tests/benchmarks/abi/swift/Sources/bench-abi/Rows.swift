import EthereumABI
import EthereumCore

/// The rows of the budget. Each returns something that depends on its results, so that no work is dropped.
struct Rows {
    private let message: Bytes32
    private let disableKey: ABIFunction
    private let list: ABICodec
    private let listData: [UInt8]
    private let nested: ABICodec
    private let nestedValues: [ABIValue]

    init() throws {
        message = try Bytes32(bytes: Array(0..<32))
        disableKey = try ABIFunction(signature: "disableKey(bytes32)")
        list = try ABICodec(parsing: "(bytes32[])")
        let hashes = (0..<1000).map { Keccak256.hash([0, 0, UInt8($0 >> 8), UInt8($0 & 255)]) }
        listData = try list.encode([.bytes32Array(hashes)])
        nested = try ABICodec(parsing: "((bytes32,string,uint256,(address,string,uint64[])[])[])")
        var values: [ABIValue] = []
        for index in 0..<10 { values.append(try Rows.entry(index)) }
        nestedValues = [.array(values)]
    }

    private static func entry(_ index: Int) throws -> ABIValue {
        let address = ABIValue.address(try Address("0x" + String(repeating: "ab", count: 20)))
        var scopes: [ABIValue] = []
        for scope in 0..<3 {
            let numbers = [index, scope, index * scope].map { ABIValue.uint(UInt256(UInt64($0))) }
            scopes.append(.tuple([address, .string("scope-\(index)-\(scope)"), .array(numbers)]))
        }
        return .tuple([
            .bytes32(Keccak256.hash([UInt8(index)])),
            .string("api-key number \(index) with a label longer than 32 bytes"),
            .uint(UInt256(1_000_000_000_000_000_000 + UInt64(index))), .array(scopes),
        ])
    }

    /// What a row produces, as bytes.
    func product(_ row: String) throws -> [UInt8] {
        switch row {
        case "call": try disableKey.encodeCall([.bytes32(message)])
        case "list": try list.encode(list.decode(listData))
        default: try nested.encode(nestedValues)
        }
    }

    func run(_ row: String, _ count: Int) throws -> Int {
        var sink = 0
        switch row {
        case "call": for _ in 0..<count { sink &+= try disableKey.encodeCall([.bytes32(message)]).count }
        case "list": for _ in 0..<count { sink &+= try list.decode(listData).count }
        default: for _ in 0..<count { sink &+= try nested.encode(nestedValues).count }
        }
        return sink
    }
}
