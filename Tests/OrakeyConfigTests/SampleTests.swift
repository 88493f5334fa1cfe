import Glibc
import OrakeyConfig
import Testing

/// The sample in `etc/` is a configuration that works, and so is everything that stands in it as a comment.
@Suite struct SampleTests {
    private func sample() throws -> String {
        // The package may be built through a link to its folder.
        let resolved = try #require(realpath(#filePath, nil))
        defer { free(resolved) }
        let root = try #require(String(cString: resolved).split(separator: "/Tests/OrakeyConfigTests/").first)
        let file = try #require(fopen("\(root)/etc/orakeyd.yaml", "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    @Test func theSampleIsValid() throws {
        #expect(try problems(sample()).isEmpty)
    }

    /// Lines such as `# key: value` and `#   - name: value`, without the comment sign; prose has no such form.
    @Test func itsCommentedSettingsAreValid() throws {
        let text = try sample().split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard rest.hasPrefix("# "), isSetting(rest.dropFirst(2)) else { return line }
            return indent + rest.dropFirst(2)
        }.joined(separator: "\n")
            .replacing("\"0x...\"", with: "\"\(someAddress)\"")
            .replacing("control_group: adm", with: "control_group: ops")
            .replacing("    account: 0\n", with: "")
        #expect(problems(text).isEmpty)
        let configuration = try parse(text)
        let network = try #require(configuration.networks.first)
        // What the comments call defaults are the defaults.
        let bare = try #require(parse(sample()).networks.first)
        #expect(network.fees.maxFeePerGas == bare.fees.maxFeePerGas)
        #expect(network.fees.maxPriorityFeePerGas == bare.fees.maxPriorityFeePerGas)
        #expect(network.fees.bumpPercent == bare.fees.bumpPercent)
        #expect(network.fees.resubmitAfter == bare.fees.resubmitAfter)
        #expect(network.confirmations == bare.confirmations)
        #expect(network.pool == bare.pool)
        #expect(network.pollInterval == bare.pollInterval)
        #expect(network.path == bare.path)
        #expect(network.layout == bare.layout)
        #expect(network.signing == bare.signing)
        #expect(network.abi != nil)
        #expect(network.lowBalance != nil)
        #expect(configuration.consumers?.map(\.name) == ["chatbot", "reports"])
        #expect(configuration.limits.connectionsPerUser == LimitSection().connectionsPerUser)
        #expect(configuration.limits.idleTimeout == LimitSection().idleTimeout)
    }

    private func isSetting(_ text: Substring) -> Bool {
        let trimmed = text.drop { $0 == " " }
        let body = trimmed.hasPrefix("- ") ? trimmed.dropFirst(2) : trimmed
        if body.hasPrefix("\"http") { return true }
        let key = body.prefix { $0 == "_" || $0.isLowercase && $0.isASCII }
        let after = body.dropFirst(key.count)
        return !key.isEmpty && after.hasPrefix(":")
    }
}
