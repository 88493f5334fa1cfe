// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that the product's package builds without benchmarks. ../run drives the program.
let package = Package(
    name: "bench-rpc",
    dependencies: [.package(name: "orakeyd", path: "../../../..")],
    targets: [
        .executableTarget(
            name: "bench-rpc",
            dependencies: [
                .product(name: "EthereumRPC", package: "orakeyd"), .product(name: "EthereumCore", package: "orakeyd"),
            ])
    ]
)
