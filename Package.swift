// swift-tools-version: 6.2
import PackageDescription

// Continuous integration turns warnings into errors; a newer compiler on a user's machine must not break the build.
let strictBuild = Context.environment["CI"] != nil

let strict: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (strictBuild ? [.treatAllWarnings(as: .error)] : [])

/// Targets that call C also mark every unsafe construct.
let strictC: [SwiftSetting] = strict + [.strictMemorySafety()]

/// `orakey get` runs before every job of a consumer: without a loader and libraries to map it takes half the time. `make
/// build` asks for it, together with `--disable-local-rpath`: glibc can't start a static PIE that has a run path.
let standingAlone =
    Context.environment["ORAKEY_STATIC"] == nil
    ? [] : ["-static-executable", "-use-ld=lld", "-Xclang-linker", "-static-pie", "-Xlinker", "--pack-dyn-relocs=relr"]

let package = Package(
    name: "orakeyd",
    products: [
        .executable(name: "orakeyd", targets: ["orakeyd"]),
        .executable(name: "orakey", targets: ["orakey"]),
        .executable(name: "orakey-cli", targets: ["orakey-cli"]),
        .executable(name: "orakey-gateway", targets: ["orakey-gateway"]),
        .library(name: "EthereumCore", targets: ["EthereumCore"]),
        .library(name: "EthereumABI", targets: ["EthereumABI"]),
        .library(name: "EthereumWallet", targets: ["EthereumWallet"]),
        .library(name: "EthereumProof", targets: ["EthereumProof"]),
        .library(name: "EthereumRPC", targets: ["EthereumRPC"]),
        .library(name: "OrakeyKey", targets: ["OrakeyKey"]),
        .library(name: "OrakeyClient", targets: ["OrakeyClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C boundary
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSecp256k1", pkgConfig: "libsecp256k1", providers: [.apt(["libsecp256k1-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
        .target(name: "CLinuxShims"),

        // Ethereum: knows nothing of orakeyd
        .target(name: "StrictJSON", swiftSettings: strict),
        .target(name: "EthereumCore", dependencies: ["CSecp256k1"], swiftSettings: strictC),
        .target(name: "EthereumABI", dependencies: ["EthereumCore", "StrictJSON"], swiftSettings: strictC),
        .target(
            name: "EthereumWallet",
            dependencies: ["EthereumCore", "StrictJSON", "CSecp256k1", "CCrypto", "CSodium", "CLinuxShims"],
            swiftSettings: strictC),
        .target(name: "EthereumProof", dependencies: ["EthereumCore", "StrictJSON"], swiftSettings: strict),
        .target(name: "EthereumRPC", dependencies: ["EthereumCore", "StrictJSON", "CurlHTTP"], swiftSettings: strict),

        // Transport
        .target(name: "CurlHTTP", dependencies: ["CCurl", "CLinuxShims"], swiftSettings: strictC),
        .target(name: "UnixHTTP", dependencies: ["CLinuxShims"], swiftSettings: strictC),
        .target(name: "PrometheusText", swiftSettings: strict),
        .target(
            name: "LocalSockets", dependencies: ["CLinuxShims", .product(name: "NIOCore", package: "swift-nio")],
            swiftSettings: strictC),
        .target(
            name: "HTTPRelay",
            dependencies: [
                "CurlHTTP", "LocalSockets", .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strictC),

        // Product
        .target(name: "OrakeyKey", dependencies: ["EthereumCore", "EthereumWallet"], swiftSettings: strictC),
        .target(name: "OrakeyAPI", dependencies: ["StrictJSON"], swiftSettings: strict),
        .target(name: "OrakeyClient", dependencies: ["OrakeyAPI", "StrictJSON", "UnixHTTP"], swiftSettings: strict),
        .target(
            name: "OrakeyConfig",
            dependencies: ["EthereumCore", "EthereumWallet", "OrakeyKey", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        .target(
            name: "OrakeyHost",
            dependencies: [
                "CLinuxShims", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(
            name: "OrakeyContract", dependencies: ["EthereumABI", "EthereumCore", "OrakeyConfig", "StrictJSON"],
            swiftSettings: strict),
        .target(
            name: "OrakeyCore",
            dependencies: [
                "EthereumABI", "EthereumCore", "EthereumProof", "EthereumRPC", "EthereumWallet", "OrakeyConfig",
                "OrakeyContract", "OrakeyKey",
                "StrictJSON", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(
            name: "OrakeyStore",
            dependencies: [
                "CLinuxShims", "EthereumCore", "OrakeyCore", "OrakeyHost", "OrakeyKey", "StrictJSON",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .target(
            name: "OrakeyProxy",
            dependencies: [
                "CurlHTTP", "EthereumCore", "EthereumWallet", "HTTPRelay", "LocalSockets", "OrakeyConfig", "OrakeyCore",
                "OrakeyKey", "StrictJSON",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strictC),
        .target(
            name: "OrakeyServer",
            dependencies: [
                "CLinuxShims", "EthereumCore", "EthereumWallet", "LocalSockets", "OrakeyAPI", "OrakeyCore", "OrakeyKey",
                "OrakeyProxy", "PrometheusText", "StrictJSON",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strictC),
        .target(
            name: "OrakeyCLI",
            dependencies: [
                "CLinuxShims", "EthereumABI", "EthereumCore", "EthereumProof", "EthereumRPC", "EthereumWallet",
                "OrakeyAPI",
                "OrakeyClient", "OrakeyConfig", "OrakeyContract", "OrakeyCore", "OrakeyHost", "OrakeyKey",
                "OrakeyStore",
                "StrictJSON", "UnixHTTP",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // The provider's side: nothing of the agent
        .target(
            name: "OrakeyGateway",
            dependencies: [
                "CSodium", "CurlHTTP", "EthereumABI", "EthereumCore", "EthereumRPC", "EthereumWallet", "HTTPRelay",
                "LocalSockets", "OrakeyAPI", "OrakeyConfig", "OrakeyContract", "OrakeyKey", "PrometheusText",
                "StrictJSON",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strictC),

        // Programs
        .executableTarget(
            name: "orakeyd",
            dependencies: [
                "CLinuxShims", "CurlHTTP", "EthereumABI", "EthereumCore", "EthereumProof", "EthereumRPC",
                "EthereumWallet", "HTTPRelay", "LocalSockets",
                "OrakeyAPI", "OrakeyConfig", "OrakeyContract", "OrakeyCore", "OrakeyHost", "OrakeyKey", "OrakeyProxy",
                "OrakeyServer", "OrakeyStore", "StrictJSON",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "orakey", dependencies: ["CLinuxShims", "OrakeyClient"], swiftSettings: strict,
            linkerSettings: standingAlone.isEmpty ? [] : [.unsafeFlags(standingAlone)]),
        .executableTarget(
            name: "orakey-gateway",
            dependencies: [
                "CLinuxShims", "CurlHTTP", "EthereumWallet", "OrakeyAPI", "OrakeyConfig", "OrakeyContract",
                "OrakeyGateway",
                "OrakeyHost",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(name: "orakey-cli", dependencies: ["OrakeyCLI"], swiftSettings: strict),

        // Tests
        .target(name: "ScriptedHTTP", path: "Tests/ScriptedHTTP", swiftSettings: strict),
        .target(name: "Fuzzing", path: "Tests/Fuzzing", swiftSettings: strict),
        .testTarget(name: "StrictJSONTests", dependencies: ["Fuzzing", "StrictJSON"], swiftSettings: strict),
        .testTarget(
            name: "EthereumCoreTests", dependencies: ["EthereumCore", "Fuzzing", "StrictJSON"], swiftSettings: strict),
        .testTarget(
            name: "EthereumABITests", dependencies: ["EthereumABI", "EthereumCore", "StrictJSON"], swiftSettings: strict
        ),
        .testTarget(
            name: "EthereumProofTests", dependencies: ["EthereumCore", "EthereumProof", "Fuzzing", "StrictJSON"],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "EthereumWalletTests",
            dependencies: ["EthereumCore", "EthereumWallet", "OrakeyKey", "StrictJSON"], swiftSettings: strict),
        .testTarget(
            name: "EthereumRPCTests",
            dependencies: [
                "CurlHTTP", "EthereumCore", "EthereumRPC", "Fuzzing", "ScriptedHTTP", "StrictJSON", "UnixHTTP",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HTTPRelayTests",
            dependencies: [
                "CurlHTTP", "Fuzzing", "HTTPRelay", "ScriptedHTTP",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "OrakeyAPITests", dependencies: ["OrakeyAPI", "OrakeyClient", "StrictJSON", "UnixHTTP"],
            swiftSettings: strict),
        .testTarget(name: "OrakeyConfigTests", dependencies: ["OrakeyConfig"], swiftSettings: strict),
        .testTarget(
            name: "OrakeyCoreTests",
            dependencies: [
                "EthereumABI", "EthereumCore", "EthereumWallet", "OrakeyConfig", "OrakeyContract", "OrakeyCore",
                "OrakeyKey", "OrakeyStore", "StrictJSON",
            ], swiftSettings: strict),
        .testTarget(
            name: "OrakeyGatewayTests",
            dependencies: [
                "EthereumCore", "EthereumWallet", "LocalSockets", "OrakeyConfig", "OrakeyGateway", "OrakeyKey",
                "StrictJSON",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ], swiftSettings: strict),
        .testTarget(
            name: "OrakeyProxyTests",
            dependencies: ["EthereumWallet", "OrakeyCore", "OrakeyProxy", "StrictJSON"], swiftSettings: strict),
        .testTarget(
            name: "OrakeyServerTests",
            dependencies: [
                "CLinuxShims", "EthereumCore", "EthereumWallet", "LocalSockets", "OrakeyAPI", "OrakeyConfig",
                "OrakeyCore", "OrakeyKey",
                "OrakeyServer",
                "StrictJSON", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ], swiftSettings: strict),
    ]
)
