import Testing

/// Who may import whom: the table of docs/architecture.md. The package manager does not refuse an import that a target did
/// not declare, so these tests do.
private let allowed: [String: Set<String>] = [
    "Formats": [],
    "SMTP": ["Formats"],
    "JMAP": [],
    "Sieve": ["Formats"],
    "Disk": [],
    "MailStore": ["Formats", "Disk"],
    "Directory": ["Formats", "Disk", "CCrypt"],
    "Delivery": ["Formats", "SMTP", "Sieve", "Disk", "MailStore", "Directory", "CUnbound"],
    "Web": ["Formats", "Directory", "CZlib"],
    "Webmail": ["Formats", "JMAP", "Disk", "MailStore", "Directory", "Delivery", "Web"],
    "Server": [
        "Formats", "SMTP", "JMAP", "Disk", "MailStore", "Directory", "Delivery", "Web", "Webmail",
    ],
]

/// Pure targets: no file, no socket, no clock, no log.
private let pure: Set<String> = ["Formats", "SMTP", "JMAP", "Sieve"]

private let cLibraries: Set<String> = ["CUnbound", "CCrypt", "CZlib"]

@Suite("The house keeps its floors")
struct ImportTests {
    @Test("every folder of Sources has its line in the table")
    func everyTargetIsListed() throws {
        let folders = try Set(SourceTree.targets()).subtracting(cLibraries)
        #expect(folders == Set(allowed.keys))
    }

    @Test("a target imports only what stands below it", arguments: allowed.keys.sorted())
    func importsFollowTheTable(target: String) throws {
        let ours = Set(allowed.keys).union(cLibraries)
        let permitted = try #require(allowed[target])
        for file in try SourceTree.files(under: "Sources/\(target)") {
            for (module, line) in file.imports where ours.contains(module) && module != target {
                #expect(permitted.contains(module), "\(file.path):\(line) imports \(module)")
            }
        }
    }

    @Test("pure targets import neither I/O nor a log", arguments: pure.sorted())
    func pureTargetsStayPure(target: String) throws {
        let tolerated: Set<String> = ["Swift", "Glibc", "Foundation", "FoundationEssentials", "Synchronization", "Formats"]
        for file in try SourceTree.files(under: "Sources/\(target)") {
            for (module, line) in file.imports {
                #expect(tolerated.contains(module), "\(file.path):\(line) imports \(module)")
            }
        }
    }

    @Test("a C library is imported by one target", arguments: cLibraries.sorted())
    func cLibrariesStayHidden(library: String) throws {
        let importers = try SourceTree.targets().filter { target in
            try SourceTree.files(under: "Sources/\(target)").contains { file in
                file.imports.contains { $0.module == library }
            }
        }
        #expect(importers.count == 1, "\(library) is imported by \(importers)")
    }

    @Test("only Disk renames and syncs files")
    func onlyDiskSyncs() throws {
        let calls = ["fsync(", "fdatasync(", "rename(", "renameat2("]
        for target in try SourceTree.targets() where target != "Disk" && !cLibraries.contains(target) {
            let files = try SourceTree.files(under: "Sources/\(target)")
            // Without libc in sight it is a function of our own.
            for file in files where file.imports.contains(where: { $0.module == "Glibc" }) {
                for (index, line) in file.lines.enumerated() {
                    let code = line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
                    for call in calls where isFreeCall(call, in: code) {
                        Issue.record("\(file.path):\(index + 1) calls \(call)")
                    }
                }
            }
        }
    }

    @Test("nothing is public: the package is one program")
    func nothingIsPublic() throws {
        for file in try SourceTree.files(under: "Sources") {
            for (index, line) in file.lines.enumerated() {
                let words = line.split(separator: " ").prefix(2)
                let isOpen = words.first == "open" && ["class", "func", "var"].contains(words.last ?? "")
                #expect(words.first != "public" && !isOpen, "\(file.path):\(index + 1)")
            }
        }
    }

    /// True when `call` stands in `code` as a call of libc's function, not of a method or of a longer name.
    private func isFreeCall(_ call: String, in code: Substring) -> Bool {
        code.ranges(of: call).contains { range in
            guard range.lowerBound > code.startIndex else { return true }
            let before = code[code.index(before: range.lowerBound)]
            let isDeclaration = code[..<range.lowerBound].hasSuffix("func ")
            return !(before.isLetter || before.isNumber || before == "." || before == "_" || isDeclaration)
        }
    }
}
