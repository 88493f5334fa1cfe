import Testing

@testable import LocalSockets

@Suite struct DescriptorShareTests {
    @Test(arguments: [256, 1024, 4096, 65_536, 1_048_576], [0, 1, 2])
    func allSharesTogetherFit(limit: Int, fronts: Int) {
        let shares = DescriptorLimit.share(limit, proxyFronts: fronts)
        #expect(shares.agent + shares.control + 3 * fronts * shares.proxyFront < limit)
        #expect(shares.agent >= 16 && shares.control >= 16)
        #expect((shares.proxyFront == 0) == (fronts == 0))
    }
}
