import EthereumWallet
import OrakeyCore
import Testing

@testable import OrakeyProxy

/// Tokens and waits.
@Suite struct AdmissionTests {
    private let name = ConsumerName(consumer: "chatbot", network: "BASE")
    private var holder: TokenHolder { TokenHolder(name: name, rule: SHA256.hash([1])) }

    @Test func aTokenNamesItsConsumerUntilItEnds() {
        let mint = TokenMint()
        let token = mint.token(for: holder, until: Timestamp(milliseconds: 1000))
        #expect(mint.holder(of: token, at: Timestamp(milliseconds: 999)) == holder)
        #expect(mint.holder(of: token, at: Timestamp(milliseconds: 1000)) == nil)
        #expect(TokenMint().holder(of: token, at: Timestamp(milliseconds: 0)) == nil)
    }

    /// No byte of a token can be another one.
    @Test func aTokenCantBeChanged() {
        let mint = TokenMint()
        let token = Array(mint.token(for: holder, until: Timestamp(milliseconds: 1000)).utf8)
        for index in token.indices {
            for byte in [UInt8(ascii: "0"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "-")]
            where byte != token[index] {
                var other = token
                other[index] = byte
                #expect(mint.holder(of: String(decoding: other, as: UTF8.self), at: Timestamp(milliseconds: 0)) == nil)
            }
            let short = String(decoding: token[..<index], as: UTF8.self)
            #expect(mint.holder(of: short, at: Timestamp(milliseconds: 0)) == nil)
        }
        #expect(
            mint.holder(of: "orakey-" + String(repeating: "00", count: 5000), at: Timestamp(milliseconds: 0)) == nil)
    }

    @Test func aConsumerWaitsForItselfAlone() {
        let hold = HoldBack()
        let start = ContinuousClock.now
        #expect(hold.wait(of: name, at: start) == nil)
        hold.hold(name, for: .seconds(30), at: start)
        hold.hold(name, for: .seconds(5), at: start)
        #expect(hold.wait(of: name, at: start + .seconds(10)) == .seconds(20))
        #expect(hold.wait(of: ConsumerName(consumer: "other", network: "BASE"), at: start) == nil)
        #expect(hold.wait(of: name, at: start + .seconds(30)) == nil)
        hold.hold(name, for: .seconds(1_000_000), at: start)
        #expect(hold.wait(of: name, at: start) == HoldBack.longest)
        hold.hold(ConsumerName(consumer: "third", network: "BASE"), for: nil, at: start)
        #expect(hold.wait(of: ConsumerName(consumer: "third", network: "BASE"), at: start) == HoldBack.unnamed)
    }
}
