import EthereumCore
import StrictJSON

extension EncryptedSecret {
    /// Reads the members of a `crypto` object.
    ///
    /// Names of ciphers and functions are in lower case, as every program writes them and geth and eth-account ask.
    ///
    /// - Parameter isOurs: Whether it is our own format, which has nothing else in it and one way to write bytes and lengths.
    ///   Other programs' files may have more members, a longer `dklen`, `0x` before hex digits, and an `iv` without its
    ///   leading zero bytes, as eth-account wrote it for years.
    /// - Throws: ``WalletError/malformed(path:reason:)`` for what is not in the standard's form,
    ///   ``WalletError/unsupported(path:reason:)`` for another cipher or function and for parameters out of bounds.
    init(reading reader: inout JSONReader, isOurs: Bool) throws(WalletError) {
        do {
            let cipher = try reader.string("cipher")
            guard cipher == Self.cipher else {
                throw WalletError.unsupported(path: nil, reason: "the cipher is not \(Self.cipher)")
            }
            var cipherParameters = try reader.object("cipherparams")
            let written = try Self.bytes("iv", in: &cipherParameters, count: isOurs ? 16...16 : 1...16, isOurs)
            iv = [UInt8](repeating: 0, count: 16 - written.count) + written
            ciphertext = try Self.bytes("ciphertext", in: &reader, count: Self.ciphertextCounts, isOurs)
            mac = try Self.bytes("mac", in: &reader, count: 32...32, isOurs)
            let function = try reader.string("kdf")
            var parameters = try reader.object("kdfparams")
            salt = try Self.bytes("salt", in: &parameters, count: Self.saltCounts, isOurs)
            // The standard says "at least 32"; the first 32 bytes do not depend on how many are asked for.
            _ = try parameters.int("dklen", in: 32...(isOurs ? 32 : 1024))
            switch function {
            case "scrypt":
                stretching = .scrypt(
                    n: try parameters.int("n", in: 0...UInt64(Int64.max)), r: try parameters.int("r"),
                    p: try parameters.int("p"))
            case "pbkdf2":
                guard try parameters.string("prf") == "hmac-sha256" else {
                    throw WalletError.unsupported(path: nil, reason: "PBKDF2's function is not hmac-sha256")
                }
                stretching = .pbkdf2(iterations: try parameters.int("c"))
            default:
                throw WalletError.unsupported(path: nil, reason: "the key derivation is neither scrypt nor pbkdf2")
            }
            if isOurs {
                try cipherParameters.finish()
                try parameters.finish()
                try reader.finish()
            }
        } catch let error as WalletError {
            throw error
        } catch let error as JSONError {
            throw .malformed(path: nil, reason: error.description)
        } catch {
            throw .malformed(path: nil, reason: "it is not readable")
        }
        if let problem = stretching.problem { throw .unsupported(path: nil, reason: problem) }
    }

    /// Hex digits of another program: with `0x` or `0X` or, as most write them, without.
    static func foreignBytes(_ text: String) -> [UInt8]? {
        try? Hex.decode(text.hasPrefix("0X") ? text.dropFirst(2) : text[...], prefix: .optional)
    }

    private static func bytes(
        _ name: String, in reader: inout JSONReader, count: ClosedRange<Int>, _ isOurs: Bool
    ) throws -> [UInt8] {
        let text = try reader.string(name)
        guard let bytes = isOurs ? try? Hex.decode(text, prefix: .absent) : foreignBytes(text) else {
            throw reader.invalid(name, "not hex digits")
        }
        guard count.contains(bytes.count) else {
            let limits = count.count == 1 ? "\(count.lowerBound)" : "\(count.lowerBound) to \(count.upperBound)"
            throw reader.invalid(name, "\(bytes.count) bytes instead of \(limits)")
        }
        return bytes
    }

    /// The `crypto` object.
    var json: JSON {
        let function: (name: String, parameters: JSON)
        switch stretching {
        case .scrypt(let n, let r, let p):
            function = (
                "scrypt",
                ["dklen": 32, "n": .integer(n), "r": .integer(r), "p": .integer(p), "salt": .string(Hex.encode(salt))]
            )
        case .pbkdf2(let iterations):
            function = (
                "pbkdf2",
                [
                    "c": .integer(iterations), "dklen": 32, "prf": "hmac-sha256", "salt": .string(Hex.encode(salt)),
                ]
            )
        }
        return [
            "cipher": .string(Self.cipher), "cipherparams": ["iv": .string(Hex.encode(iv))],
            "ciphertext": .string(Hex.encode(ciphertext)), "kdf": .string(function.name),
            "kdfparams": function.parameters, "mac": .string(Hex.encode(mac)),
        ]
    }
}
