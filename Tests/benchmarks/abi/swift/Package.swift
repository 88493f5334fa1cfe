// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's package builds without benchmarks. ../run drives the program.
let package = Package(
    name: "bench-abi",
    dependencies: [.package(name: "orakeyd", path: "../../../..")],
    targets: [
        .executableTarget(
            name: "bench-abi",
            dependencies: [
                .product(name: "EthereumABI", package: "orakeyd"), .product(name: "EthereumCore", package: "orakeyd"),
            ])
    ]
)
