public import EthereumCore
public import EthereumWallet
import Glibc

extension APIKey {
    /// The key of a message: signs it and writes the text. The same wallet and message always give the same key.
    ///
    /// - Parameters:
    ///   - account: Owner of the message.
    ///   - network: Blockchain identifier in front.
    ///   - message: What the contract issued.
    ///   - layout: What goes under Base58.
    ///   - scheme: How the message is signed.
    /// - Returns: The key as ASCII in secret memory, without a line end.
    public static func derive(
        account: Account, network: NetworkName, message: Bytes32, layout: KeyLayout = .text,
        scheme: SigningScheme = .eip191
    ) throws(WalletError) -> SecretBytes {
        try unsafe SecretBytes(capacity: maxCount) { output throws(WalletError) in
            try unsafe write(
                to: output, account: account, network: network, message: message, layout: layout, scheme: scheme)
        }
    }

    /// Writes a key to memory with room for ``maxCount`` bytes; returns its length.
    static func write(
        to output: UnsafeMutableRawBufferPointer, account: Account, network: NetworkName, message: Bytes32,
        layout: KeyLayout, scheme: SigningScheme
    ) throws(WalletError) -> Int {
        let signature = try account.sign(contractMessage: message, scheme: scheme)
        var start = 0
        for character in network.rawValue.utf8 {
            unsafe output[start] = character
            start &+= 1
        }
        unsafe output[start] = UInt8(ascii: ":")
        start &+= 1
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: output[start...])
        return unsafe withUnsafeTemporaryAllocation(byteCount: 320, alignment: 16) { scratch in
            defer { unsafe explicit_bzero(scratch.baseAddress!, scratch.count) }
            // Binary form at 216, the text of it at 0.
            let binary = unsafe scratch.baseAddress! + 216
            unsafe message.store(to: binary)
            unsafe signature.r.store(to: binary + 32)
            unsafe signature.s.store(to: binary + 64)
            unsafe scratch[216 + 96] = signature.v
            var body = unsafe UnsafeRawBufferPointer(start: binary, count: KeyLayout.binary.byteCount)
            if layout == .text {
                let text = scratch.baseAddress!
                unsafe LowercaseHex.writePrefixed(UnsafeRawBufferPointer(rebasing: body[..<32]), to: text)
                unsafe scratch[66] = UInt8(ascii: ":")
                unsafe LowercaseHex.writePrefixed(UnsafeRawBufferPointer(rebasing: body[32...]), to: text + 67)
                unsafe body = UnsafeRawBufferPointer(start: text, count: KeyLayout.text.byteCount)
            }
            return unsafe start + Base58.encode(body, into: rest)
        }
    }
}
