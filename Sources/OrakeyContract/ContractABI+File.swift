package import EthereumABI
import StrictJSON

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ContractABI {
    /// Reads an ABI in JSON.
    ///
    /// - Throws: ``ContractError/unsuitable(_:)``, with the file's name.
    package init(file: String) throws {
        let text: [UInt8]
        do { text = try Array(Data(contentsOf: URL(fileURLWithPath: file))) } catch {
            throw ContractError.unsuitable("\(file) can't be read")
        }
        do { try self.init(json: try JSON.parse(text)) } catch {
            throw ContractError.unsuitable("\(file): \(error)")
        }
    }
}
