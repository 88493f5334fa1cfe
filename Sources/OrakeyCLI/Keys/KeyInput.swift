import EthereumWallet
import Glibc
import OrakeyKey

/// An API key that a person or a program gives: from standard input, or asked for where that is a terminal.
enum KeyInput {
    /// Far longer than any key; what is longer is not looked at.
    private static let limit = 1 << 20

    static func read() throws -> SecretBytes {
        do throws(WalletError) {
            return try input()
        } catch {
            if case .inputTooLong = error { throw APIKeyError.tooLong(limit: APIKey.maxCount) }
            throw error
        }
    }

    private static func input() throws(WalletError) -> SecretBytes {
        if isatty(STDIN_FILENO) == 1 { return try .readFromTerminal(prompt: "API key: ", maxCount: limit) }
        return try .read(fileDescriptor: STDIN_FILENO, maxCount: limit)
    }
}
