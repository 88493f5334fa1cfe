import StrictJSON
import Testing

@Suite struct ParserTests {
    @Test(
        arguments: [
            ("null", JSON.null), ("true", true), (" false ", false), ("0", 0), ("-7", -7), ("\"\"", ""),
            (#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#, "\"\\/\u{8}\u{c}\n\r\tAé😀"),
            ("[]", []), ("[1,[2],{}]", [1, [2], [:]]), (#"{"a":1,"b":{"c":[null]}}"#, ["a": 1, "b": ["c": [nil]]]),
            ("\t\r\n [ 1 , 2 ] ", [1, 2]), ("\"\u{7f}\"", "\u{7f}"),
        ] as [(String, JSON)])
    func accepts(text: String, expected: JSON) throws {
        #expect(try JSON.parse(text: text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity",
        "-Infinity",
        "1 2", "[1,]", "[,1]", "[1", "]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}", "{1:2}", "\"",
        "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"",
        "\"\\ud800x\"",
        "\"\n\"", "\"\u{0}\"", "/* */ 1", "1 // x", "\u{feff}1", "\u{a0}1", "[1 2]", "{\"a\":1 \"b\":2}", "\"a\"\"b\"",
        "tru",
        "-01", "1.e5", "--1", "[\"a\" : 1]", "{\"a\":1,\"a\":1}", "{\"a\":1,\"\\u0061\":2}",
    ])
    func refuses(text: String) {
        #expect(throws: JSONError.self) { try JSON.parse(text: text) }
    }

    @Test(
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xc0, 0xaf, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22],
            [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0xff, 0x22], [0x22, 0xe2, 0x82, 0x22], [0x22, 0x5c, 0x6e, 0xfe, 0x22], [0xff],
            [0xef, 0xbb, 0xbf, 0x31],
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse(bytes) }
    }

    @Test func keepsNumbersExactly() throws {
        let text = "[115792089237316195423570985008687907853269984665640564039457584007913129639935,1.50,-0,1E-7,1e400]"
        #expect(try JSON.parse(text: text).text == text)
        let number = try #require(try JSON.parse(text: text)[0]?.numberValue)
        #expect(number.integer(UInt64.self) == nil)
        #expect(try JSON.parse(text: "18446744073709551615").numberValue?.integer(UInt64.self) == .max)
        #expect(try JSON.parse(text: "1.0").numberValue?.integer(Int.self) == nil)
        #expect(try JSON.parse(text: "1e400").numberValue?.double == nil)
    }

    @Test func keepsOrderAndDistinguishesKeysByBytes() throws {
        // Canonically equivalent, but different keys: precomposed and decomposed e with acute.
        let text = "{\"b\":1,\"\u{e9}\":2,\"a\":3,\"e\u{301}\":4}"
        let json = try JSON.parse(text: text)
        #expect(json.text.utf8.elementsEqual(text.utf8))
        #expect(json["\u{e9}"] == 2)
        #expect(json["e\u{301}"] == 4)
    }

    @Test func boundsDepthAndSize() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try JSON.parse(text: deep) }
        #expect(throws: JSONError.self) { try JSON.parse(text: "[\(deep)]") }
        let error = #expect(throws: JSONError.self) { try JSON.parse(text: String(repeating: "[", count: 1_000_000)) }
        #expect(error?.kind == .tooDeep(limit: 64))
        let objects = String(repeating: "{\"a\":", count: 100)
        #expect(throws: JSONError.self) { try JSON.parse(text: objects) }
        #expect(throws: JSONError.self) { try JSON.parse(text: "[1,2]", limits: JSONLimits(maxBytes: 4)) }
        #expect(throws: JSONError.self) { try JSON.parse(text: deep, limits: JSONLimits(maxDepth: 63)) }
        #expect(throws: Never.self) { try JSON.parse(text: "[1,{\"a\":2}]", limits: JSONLimits(maxValues: 4)) }
        let many = #expect(throws: JSONError.self) {
            try JSON.parse(text: "[1,{\"a\":2},3]", limits: JSONLimits(maxValues: 4))
        }
        #expect(many?.kind == .tooManyValues(limit: 4))
    }

    @Test func saysWhere() throws {
        let error = #expect(throws: JSONError.self) {
            try JSON.parse(text: "{\n  \"networks\": [\n    {\"rpc\": [1, oops]}]}")
        }
        #expect(error?.line == 3)
        #expect(error?.column == 17)
        #expect(error?.path == "networks[0].rpc[1]")
        #expect(error?.description == "networks[0].rpc[1]: unexpected character (line 3, column 17)")
        let duplicate = #expect(throws: JSONError.self) { try JSON.parse(text: #"{"a":{"k":1,"k":2}}"#) }
        #expect(duplicate?.description == "a: the key \"k\" appears twice (line 1, column 13)")
    }

    @Test func manyKeysStayFast() throws {
        let text = "{" + (0..<50_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
        let json = try JSON.parse(text: text)
        #expect(json["k49999"] == 49_999)
        #expect(json.text == text)
        #expect(throws: JSONError.self) { try JSON.parse(text: text.dropLast() + ",\"k7\":0}") }
    }

    @Test func writesWhatItReads() throws {
        let json: JSON = [
            "quote\"": "line\nbreak\u{1}\u{7f}", "empty": [], "none": [:], "nested": ["a": [1, nil, true]],
        ]
        #expect(
            json.text == #"{"quote\"":"line\nbreak\u0001\u007f","empty":[],"none":{},"nested":{"a":[1,null,true]}}"#)
        #expect(try JSON.parse(json.serialize()) == json)
        #expect(try JSON.parse(text: json.pretty()) == json)
        #expect((["a": [1], "b": [:]] as JSON).pretty() == "{\n  \"a\": [\n    1\n  ],\n  \"b\": {}\n}")
    }

    @Test func objectEditing() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["a"] = 3
        object["c"] = .some(.null)
        object["b"] = nil
        #expect(object.keys == ["a", "c"])
        #expect(object == ["c": nil, "a": 3])
        for index in 0..<100 { object["k\(index)"] = JSON.integer(index) }
        object["k50"] = nil
        #expect(object.count == 101)
        #expect(object["k99"] == 99)
        #expect(object["k50"] == nil)
        for index in 0..<100 { object["k\(index)"] = nil }
        #expect(object == ["a": 3, "c": nil])
    }

    @Test func numbers() throws {
        #expect(JSONNumber(UInt128.max).literal == "340282366920938463463374607431768211455")
        #expect(JSONNumber(1e21)?.literal == "1e+21")
        #expect(JSONNumber(Double.infinity) == nil)
        #expect(JSONNumber(Double.nan) == nil)
        for bad in ["", "1x", "01", "0x1", " 1", "1 ", "١"] {
            #expect(throws: JSONError.self) { try JSONNumber(literal: bad) }
        }
    }
}
