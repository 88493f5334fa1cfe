import EthereumWallet
import Glibc

/// An API key that a person or a program gives: from standard input, or asked for where that is a terminal.
enum KeyInput {
    /// Far longer than any key; what is longer is not one.
    private static let limit = 4096

    static func read() throws -> SecretBytes {
        if isatty(STDIN_FILENO) == 1 { return try .readFromTerminal(prompt: "API key: ", maxCount: limit) }
        return try .read(fileDescriptor: STDIN_FILENO, maxCount: limit)
    }
}
