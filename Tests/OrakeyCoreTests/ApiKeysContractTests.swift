import EthereumABI
import Foundation
import OrakeyContract
import OrakeyCore
import Testing

@Suite struct ApiKeysContractTests {
    /// Every entry of the ABI file, and nothing else, with names, mutability and indexing.
    @Test func theBindingMatchesTheABIFile() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try Data(contentsOf: root.appendingPathComponent("contracts-abi/ApiKeys.abi.json"))
        let file = try ContractABI(jsonText: Array(text))
        #expect(Set(try ApiKeysContract().abi.humanReadable) == Set(file.humanReadable))
    }
}
