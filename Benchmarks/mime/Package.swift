// swift-tools-version:6.2
import PackageDescription

// Formats alone, by a link to its folder: so that a measurement needs no build of the server.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "mailportal",
    targets: [
        .target(name: "Formats", swiftSettings: strict),
        .executableTarget(name: "MimeBench", dependencies: ["Formats"], swiftSettings: strict),
    ])
