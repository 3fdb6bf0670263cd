// swift-tools-version: 6.2
// The house of vrrpd: three rings, imports only inwards. Sources/README.md tells who may import
// whom, and Tests/HouseTests holds the code to it.

import PackageDescription

/// Every target: language mode 6, no warning survives, no import leaks through an interface.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Targets without pointers also promise memory safety; the wrappers of C cannot.
let strictAndSafe: [SwiftSetting] = strict + [.strictMemorySafety()]

let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
/// BoringSSL comes with it: only what runs in the daemon may depend on it.
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let heapModule: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")

let package = Package(
    name: "vrrpd",
    products: [
        .executable(name: "vrrpd", targets: ["vrrpd"]),
        .executable(name: "vrrpctl", targets: ["vrrpctl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // C that Swift cannot say.
        .target(name: "CSys", path: "CShims/CSys"),
        .systemLibrary(
            name: "CNetlink", path: "CShims/CNetlink", pkgConfig: "libnl-route-3.0",
            providers: [.apt(["libnl-3-dev", "libnl-route-3-dev"])]),
        .systemLibrary(
            name: "CYAML", path: "CShims/CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"])]),

        // Inner ring: values and rules.
        .target(name: "VRRPWire", swiftSettings: strictAndSafe),
        .target(name: "VRRPCore", dependencies: ["VRRPWire"], swiftSettings: strictAndSafe),

        // Middle ring: the daemon as a value.
        .target(
            name: "VRRPConfiguration", dependencies: ["VRRPWire", "VRRPCore"],
            swiftSettings: strictAndSafe),
        .target(
            name: "VRRPEngine",
            dependencies: ["VRRPWire", "VRRPCore", "VRRPConfiguration", heapModule],
            swiftSettings: strictAndSafe),

        // Outer ring: text, system calls, the loop.
        .target(
            name: "VRRPConfigurationFile",
            dependencies: ["VRRPWire", "VRRPCore", "VRRPConfiguration", "CYAML"],
            swiftSettings: strict),
        .target(name: "VRRPControl", dependencies: ["VRRPWire"], swiftSettings: strictAndSafe),
        .target(
            name: "LinuxNetwork", dependencies: ["VRRPWire", "CSys", "CNetlink"],
            swiftSettings: strict),
        .target(
            name: "VRRPRuntime",
            dependencies: [
                "VRRPWire", "VRRPCore", "VRRPConfiguration", "VRRPConfigurationFile", "VRRPControl",
                "VRRPEngine", "LinuxNetwork", logging, crypto,
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "vrrpd", dependencies: ["VRRPRuntime", argumentParser], swiftSettings: strict),
        .executableTarget(
            name: "vrrpctl",
            dependencies: [
                "VRRPControl", "VRRPConfiguration", "VRRPConfigurationFile", "LinuxNetwork",
                "VRRPRuntime", argumentParser,
            ],
            swiftSettings: strict),

        // The virtual LAN: the production engine in virtual time.
        .target(
            name: "VRRPSimulation",
            dependencies: ["VRRPWire", "VRRPCore", "VRRPConfiguration", "VRRPEngine", heapModule],
            path: "Tests/VRRPSimulation", swiftSettings: strictAndSafe),
        .executableTarget(
            name: "vrrp-simulate", dependencies: ["VRRPSimulation", argumentParser],
            path: "Tests/vrrp-simulate", swiftSettings: strict),
        .testTarget(
            name: "VRRPSimulationTests",
            dependencies: [
                "VRRPSimulation", "VRRPWire", "VRRPCore", "VRRPConfiguration", "VRRPEngine",
            ],
            swiftSettings: strict),

        .testTarget(
            name: "VRRPWireTests", dependencies: ["VRRPWire"], resources: [.copy("vectors.json")],
            swiftSettings: strict),
        .testTarget(
            name: "VRRPCoreTests", dependencies: ["VRRPCore", "VRRPWire"], swiftSettings: strict),
        .testTarget(
            name: "VRRPConfigurationTests",
            dependencies: ["VRRPConfiguration", "VRRPConfigurationFile", "VRRPCore", "VRRPWire"],
            exclude: ["Bad"], swiftSettings: strict),
        .testTarget(
            name: "VRRPControlTests", dependencies: ["VRRPControl", "VRRPWire"],
            swiftSettings: strict),
        .testTarget(
            name: "VRRPEngineTests",
            dependencies: [
                "VRRPEngine", "VRRPConfiguration", "VRRPCore", "VRRPSimulation", "VRRPWire",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "VRRPRuntimeTests",
            dependencies: [
                "VRRPRuntime", "VRRPEngine", "VRRPConfiguration", "VRRPCore", "VRRPWire",
                "LinuxNetwork",
            ],
            exclude: ["Recordings"], swiftSettings: strict),
        .testTarget(
            name: "LinuxNetworkTests", dependencies: ["LinuxNetwork", "VRRPWire"],
            swiftSettings: strict),
        .testTarget(name: "HouseTests", swiftSettings: strict),

        // What the fuzzer runs, and every input it knows. Tests/fuzz builds the fuzzer itself.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "VRRPWire", "VRRPCore", "VRRPConfiguration", "VRRPConfigurationFile", "VRRPControl",
                "VRRPEngine", "LinuxNetwork",
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Replay",
            swiftSettings: strict),
    ]
)

/// libFuzzer brings its own `main`: an ordinary build could not link this.
if Context.environment["VRRP_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "vrrp-fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver",
            swiftSettings: strict))
}
