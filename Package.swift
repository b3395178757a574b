// swift-tools-version:6.2
import PackageDescription

// Every Swift target of ours is held to the same strictness.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioHTTPTypes: Target.Dependency = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, path: "Tests/\(name)Tests",
        swiftSettings: strict)
}

// The floors of docs/architecture.md, from the ground up. Tests/ArchitectureTests holds the imports to this list.
let package = Package(
    name: "mailportal",
    products: [
        .executable(name: "mailportal", targets: ["Server"]),
    ],
    dependencies: [
        // No traits: links FoundationEssentials alone, and leaves out what we do not use.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // libunbound.pc asks for libraries that only its static form needs: the module map links it alone.
        .systemLibrary(name: "CUnbound", path: "Sources/CUnbound", providers: [.apt(["libunbound-dev"])]),
        .systemLibrary(
            name: "CCrypt", path: "Sources/CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // 0: pure
        target("Formats"),
        target("SMTP", ["Formats"]),
        target("JMAP"),
        target("Sieve", ["Formats"]),
        // 1
        target("Disk", [grdb, logging]),
        // 2: stores
        target("MailStore", ["Formats", "Disk", grdb, crypto, logging]),
        target("Directory", ["Formats", "Disk", "CCrypt", grdb, crypto, logging]),
        // 3
        target(
            "Delivery",
            [
                "Formats", "SMTP", "Sieve", "Disk", "MailStore", "Directory", "CUnbound", grdb, crypto, logging, lifecycle,
                nioCore, nioPosix, nioTLS, nioSSL, nioHTTP1,
                cryptoExtras, httpClient, x509, asn1,
            ]),
        target(
            "Web",
            [
                "Formats", "Directory", "CZlib", hummingbird, crypto, logging, lifecycle, httpTypes, nioCore, nioTLS,
                nioSSL, nioHTTPTypes,
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "HummingbirdHTTP2", package: "hummingbird"),
            ]),
        // 5: surfaces
        target(
            "Webmail",
            [
                "Formats", "JMAP", "Disk", "MailStore", "Directory", "Delivery", "Web", hummingbird, crypto, logging,
                lifecycle, httpTypes, nioCore, nioPosix, nioSSL, nioHTTP1, httpClient,
            ]),
        // 6
        .executableTarget(
            name: "Server",
            dependencies: [
                "Formats", "SMTP", "JMAP", "Disk", "MailStore", "Directory", "Delivery", "Web", "Webmail", logging,
                lifecycle, crypto, nioCore, nioPosix, nioSSL, hummingbird,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "TOMLKit", package: "TOMLKit"),
                x509,
                asn1,
            ],
            swiftSettings: strict),

        tests("Formats", ["Conformance"]),
        tests("SMTP", ["Formats"]),
        tests("JMAP"),
        tests("Sieve", ["Formats"]),
        tests("Disk", [grdb]),
        tests("MailStore", ["Formats", "Disk", "CrashChild", "CrashRun", grdb]),
        tests("Directory", ["Formats", "Disk", grdb, logging]),
        tests(
            "Delivery",
            [
                "Formats", "SMTP", "Sieve", "Disk", "MailStore", "Directory", "CrashChild", "CrashRun", nioCore, nioEmbedded, nioPosix, nioSSL, nioTLS, lifecycle,
                logging,
            ]),
        tests(
            "Web",
            [
                "Formats", "Directory", hummingbird, .product(name: "HummingbirdTesting", package: "hummingbird"), logging,
                httpTypes, nioCore, nioPosix, nioSSL,
            ]),
        tests("Server", ["Formats", "Disk"]),
        tests("Webmail", ["Formats", "JMAP", "Disk", "MailStore", "Directory", "Delivery", "Web", logging, crypto]),
        .testTarget(name: "ArchitectureTests", path: "Tests/ArchitectureTests", swiftSettings: strict),
        // Compares the message parser with corpora of real mail, and Sieve with another; see script/conformance.
        .executableTarget(name: "Conformance", dependencies: ["Formats", "Sieve"], path: "Tests/Conformance", swiftSettings: strict),
        .target(name: "CrashRun", path: "Tests/CrashRun", swiftSettings: strict),
        // A process that the crash tests start and let die between two numbered steps of a write.
        .executableTarget(
            name: "CrashChild", dependencies: ["Formats", "SMTP", "Disk", "MailStore", "Delivery", logging], path: "Tests/CrashChild",
            swiftSettings: strict),
    ]
)

// Fuzzers exist only when asked for, since every target of the package is built with what libFuzzer needs:
// MAILPORTAL_FUZZ=1 swift build --sanitize=fuzzer --scratch-path var/fuzz/build --product FuzzMIME
if Context.environment["MAILPORTAL_FUZZ"] != nil {
    let fuzzers: [(name: String, dependencies: [Target.Dependency])] = [
        ("MIME", ["Formats"]), ("SMTP", ["SMTP"]), ("JMAP", ["JMAP"]), ("Sieve", ["Formats", "Sieve"]),
    ]
    for (name, dependencies) in fuzzers {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)", dependencies: dependencies, path: "Tests/Fuzz/\(name)",
                swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
        package.products.append(.executable(name: "Fuzz\(name)", targets: ["Fuzz\(name)"]))
    }
}
