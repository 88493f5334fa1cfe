import StrictJSON
import Testing

@Suite struct ReaderTests {
    @Test func readsEveryType() throws {
        let json: JSON = [
            "name": "x", "on": true, "count": 3, "big": "18446744073709551615", "list": ["a", "b"], "inner": ["n": 1],
            "many": [["n": 1], ["n": 2]], "absent": nil,
        ]
        var reader = try JSONReader(json)
        #expect(try reader.string("name") == "x")
        #expect(try reader.bool("on"))
        #expect(try reader.int("count", in: 1...5) == 3)
        #expect(try reader.decimalString("big", as: UInt64.self) == .max)
        #expect(try reader.strings("list") == ["a", "b"])
        var inner = try reader.object("inner")
        #expect(try inner.int("n") == 1)
        #expect(inner.path == "inner")
        #expect(try reader.objects("many").map(\.path) == ["many[0]", "many[1]"])
        #expect(try reader.optionalString("absent") == nil)
        #expect(try reader.optionalInt("never", in: 0...1) == nil)
        try reader.finish()
        try inner.finish()
    }

    @Test func refusesUnknownFields() throws {
        var reader = try JSONReader(["consumer": "a", "gracs_seconds": 3, "zzz": 1], path: "rotate")
        _ = try reader.optionalString("consumer")
        _ = try reader.optionalInt("grace_seconds", in: 0...10)
        let error = #expect(throws: JSONError.self) { try reader.finish() }
        #expect(error?.description == #"rotate: unknown field "gracs_seconds", did you mean "grace_seconds"?"#)
        reader.ignore("gracs_seconds")
        #expect(throws: JSONError(.unknownField("zzz", nearest: nil), path: "rotate")) { try reader.finish() }
    }

    @Test func namesThePathAndNeverTheValue() throws {
        var reader = try JSONReader(["a": ["b": "secret-value", "n": 7, "d": "007", "none": nil]])
        var inner = try reader.object("a")
        let wrong = #expect(throws: JSONError.self) { try inner.int("b", in: 0...5) }
        #expect(wrong?.description == "a.b: expected an integer, found a string")
        let range = #expect(throws: JSONError.self) { try inner.int("n", in: 0...5) }
        #expect(range?.description == "a.n: expected an integer from 0 to 5")
        let missing = #expect(throws: JSONError.self) { try inner.string("x") }
        #expect(missing?.description == #"a: the field "x" is missing"#)
        let null = #expect(throws: JSONError.self) { try inner.string("none") }
        #expect(null?.description == "a.none: expected a string, found null")
        #expect(throws: JSONError.self) { try inner.decimalString("d", as: UInt64.self) }
        #expect(throws: JSONError.self) { try JSONReader([1], path: "x") }
        #expect(inner.invalid("b", "not a network name").description == "a.b: not a network name")
    }

    @Test(arguments: ["-1", "+1", "01", "", "1.0", "0x1", " 1", "18446744073709551616"])
    func refusesOtherDecimalStrings(text: String) throws {
        var reader = try JSONReader(["n": .string(text)])
        #expect(throws: JSONError.self) { try reader.decimalString("n", as: UInt64.self) }
    }

    @Test func hostileKeysCannotPaintTheTerminal() throws {
        let key = "\u{1b}[31m" + String(repeating: "x", count: 500)
        let error = #expect(throws: JSONError.self) { try JSONReader([key: 1] as JSON).finish() }
        let text = try #require(error?.description)
        #expect(!text.contains("\u{1b}"))
        #expect(text.utf8.count < 120)
    }

    @Test(
        arguments: [
            ("consumr", "consumer"), ("Network", "network"), ("netwrok", "network"), ("cnt", "count"), ("x", nil),
            ("", nil),
        ] as [(String, String?)])
    func nearestNames(name: String, expected: String?) {
        #expect(NearestName.of(name, among: ["consumer", "network", "count", "grace_seconds"]) == expected)
    }
}
