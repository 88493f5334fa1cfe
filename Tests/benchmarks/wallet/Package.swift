// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's package builds without benchmarks. Swift and C run in one process and take
// turns, so that the ratio does not depend on what else the machine does.
let package = Package(
    name: "bench-wallet",
    dependencies: [.package(name: "orakeyd", path: "../../..")],
    targets: [
        .target(
            name: "WalletPeers", cSettings: [.unsafeFlags(["-O2"])],
            linkerSettings: [.linkedLibrary("secp256k1"), .linkedLibrary("crypto")]),
        .executableTarget(
            name: "bench-wallet",
            dependencies: [
                "WalletPeers", .product(name: "EthereumCore", package: "orakeyd"),
                .product(name: "EthereumWallet", package: "orakeyd"), .product(name: "OrakeyKey", package: "orakeyd"),
            ]),
    ]
)
