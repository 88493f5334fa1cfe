import CCrypto

/// AES-128 in counter mode (NIST SP 800-38A), by OpenSSL. Encryption and decryption are the same.
enum AES128CTR {
    /// Writes `input` combined with the key stream to `output`, which has the same length.
    ///
    /// - Parameters:
    ///   - key: 16 bytes.
    ///   - iv: 16 bytes, the first counter block.
    static func apply(
        key: UnsafeRawBufferPointer, iv: [UInt8], input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer
    ) {
        precondition(key.count == 16 && iv.count == 16 && output.count == input.count)
        guard let source = input.baseAddress, let target = output.baseAddress else { return }
        let context = unsafe EVP_CIPHER_CTX_new()
        precondition(unsafe context != nil, "out of memory for a cipher")
        defer { unsafe EVP_CIPHER_CTX_free(context) }
        var written: Int32 = 0
        let started = unsafe EVP_EncryptInit_ex(
            context, EVP_aes_128_ctr(), nil, key.baseAddress!.assumingMemoryBound(to: UInt8.self), iv)
        let done = unsafe EVP_EncryptUpdate(
            context, target.assumingMemoryBound(to: UInt8.self), &written, source.assumingMemoryBound(to: UInt8.self),
            Int32(input.count))
        precondition(started == 1 && done == 1 && Int(written) == input.count, "OpenSSL refused AES-128-CTR")
    }
}
