import Testing

@Suite("The reader of import lines")
struct SourceFileTests {
    @Test(
        "finds the module whatever stands around it",
        arguments: [
            ("import Formats", "Formats"), ("package import GRDB", "GRDB"), ("internal import struct NIOCore.ByteBuffer", "NIOCore"),
            ("@preconcurrency import Glibc", "Glibc"), ("    import JMAP", "JMAP"),
        ])
    func findsModule(line: String, module: String) {
        #expect(SourceFile.importedModule(line[...]) == module)
    }

    @Test("takes no other line for an import", arguments: ["// import Formats", "let x = \"import Y\"", "important()", ""])
    func refusesOtherLines(line: String) {
        #expect(SourceFile.importedModule(line[...]) == nil)
    }
}
