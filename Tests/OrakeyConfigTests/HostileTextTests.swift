import OrakeyConfig
import Testing

/// Texts that are not a configuration at all end in an error, in little time and memory.
@Suite struct HostileTextTests {
    @Test(arguments: ["", "\n", "# nothing\n", "~", "---\n"])
    func anEmptyFile(text: String) {
        #expect(problems(text) == ["0:0 missing is empty; see the sample configuration"])
    }

    @Test(arguments: ["a", "[1, 2]", "42"])
    func aFileThatIsNoMapping(text: String) {
        #expect(problems(text).first?.contains("expected a mapping of keys to values") == true)
    }

    @Test func brokenYAML() {
        let found = problems("wallet: { keystore: w\nnetworks: ]")
        #expect(found.count == 1)
        #expect(found.first?.contains(" syntax not YAML: ") == true)
    }

    @Test func twoDocuments() {
        let found = problems("a: 1\n---\nb: 2\n")
        #expect(found.first?.contains("another document") == true)
    }

    @Test func anchorsAndAliasesAreRefusedWithTheirPlace() {
        let expected = "syntax YAML anchors (&name) and aliases (*name) may not be used in a configuration"
        #expect(problems("wallet: &w { keystore: x }\nnetworks: *w\n") == ["1:9 \(expected)"])
        #expect(problems("wallet: &w x\n") == ["1:9 \(expected)"])
    }

    /// Ten levels of ten are 10^10 nodes when they are looked at one by one; as a key the parser would hash them all.
    @Test(arguments: ["networks: *l9", "? *l9\n: x"])
    func anAliasBomb(last: String) {
        var text = "l0: &l0 [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1...9 {
            text +=
                "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(
            problems(text + last) == [
                "0:0 syntax has many YAML aliases (*name), which a configuration may not use"
            ])
    }

    @Test func starsInCommentsAreNoAliases() {
        #expect(problems(oneNetwork(top: String(repeating: "# * not an *alias*\n", count: 100))).isEmpty)
    }

    @Test(arguments: [100, 900, 100_000])
    func deepNesting(depth: Int) {
        let found = problems(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        #expect(found.count == 1)
        #expect(found.first?.contains(" syntax ") == true)
    }

    @Test func aHugeFile() {
        let found = problems("# " + String(repeating: "x", count: 300_000))
        #expect(found == ["0:0 unreadable is larger than 256 KiB; it does not look like a configuration"])
    }

    @Test func keysThatAreNoWords() {
        #expect(problems(oneNetwork(top: "? [a]\n: b")) == ["7:3 syntax a key has to be a word, not a list or mapping"])
        #expect(
            problems(oneNetwork(top: "? {a: b}\n: b")) == ["7:3 syntax a key has to be a word, not a list or mapping"])
    }

    @Test func aKeyIsTheSameInQuotes() {
        #expect(problems("1: a\n\"1\": b\n").contains("2:1 duplicate '1' stands here more than once"))
    }

    @Test func controlCharactersAreNotPrinted() {
        let found = problems(oneNetwork("    \"pool\\e[31m\\n\": 1"))
        #expect(found.count == 1)
        #expect(found.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value < 0x7f } })
    }
}
