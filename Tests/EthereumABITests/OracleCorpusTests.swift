import EthereumABI
import EthereumCore
import StrictJSON
import Testing

/// Both directions of Tests/oracles/test_abi.py, which names a folder in ORAKEY_ORACLE_CORPUS: cases that eth-abi made
/// are checked here, and cases that this module made are written for eth-abi to check.
@Suite struct OracleCorpusTests {
    private static let folder = environment("ORAKEY_ORACLE_CORPUS")

    @Test func casesOfOthers() throws {
        guard let folder = Self.folder else {
            print("SKIPPED: ORAKEY_ORACLE_CORPUS names no folder; Tests/oracles/test_abi.py makes one")
            return
        }
        let bytes = try #require(contents(ofFile: folder + "/eth-abi.json"))
        let cases = try #require(JSON.parse(bytes, limits: JSONLimits(maxBytes: 1 << 30)).arrayValue)
        for (number, json) in cases.enumerated() {
            let types = try #require(json["types"]?.arrayValue).map { try ABIType(parsing: #require($0.stringValue)) }
            let codec = try ABICodec(types)
            let data = try hex(#require(json["data"]?.stringValue))
            let values = try ABIJSON.values(#require(json["values"]), for: codec.parameters)
            #expect(try codec.encode(values) == data, "case \(number): \(codec.canonical)")
            #expect(try codec.decode(data, options: .canonical) == values, "case \(number): \(codec.canonical)")
            let function = try ABIFunction(signature: "f" + codec.canonical)
            #expect(
                function.selector.description == json["selector"]?.stringValue, "case \(number): \(codec.canonical)")
            if let packed = json["packed"]?.stringValue {
                #expect(try codec.encodePacked(values) == hex(packed), "case \(number): \(codec.canonical)")
            }
        }
        #expect(cases.count >= 1)
        #expect(write(Array(String(cases.count).utf8), toFile: folder + "/checked"))
    }

    @Test func casesForOthers() throws {
        var random = RandomABI(generator: .announced("ABI cases for eth-abi"))
        var cases: [JSON] = []
        for _ in 0..<(environment("ORAKEY_ORACLE_CASES").flatMap { Int($0) } ?? 20) {
            let types = random.types(random.number(1...4))
            let codec = try ABICodec(types)
            var values: [ABIValue] = []
            for type in types { values.append(try random.value(type)) }
            cases.append([
                "types": .array(types.map { .string($0.canonical) }), "values": ABIJSON.json(values),
                "data": .string(Hex.encode(try codec.encode(values))),
            ])
        }
        guard let folder = Self.folder else { return }
        #expect(write(JSON.array(cases).serialize(), toFile: folder + "/orakey.json"))
    }
}
