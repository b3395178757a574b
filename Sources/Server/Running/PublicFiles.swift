import Glibc
import Web

/// Where the web app's files lie, and which files of Debian's packages stand beside them.
enum PublicFiles {
    static func mounts(_ folder: String?) throws -> [StaticFiles.Mount] {
        var mounts = [StaticFiles.Mount(prefix: "/", path: try folder ?? find())]
        for (path, candidates) in packaged {
            if let file = candidates.first(where: exists) { mounts.append(.init(prefix: path, path: file)) }
        }
        return mounts
    }

    /// Libraries that the browser loads, from where their packages put them.
    private static let packaged = [
        ("/vendor/purify.js", ["/usr/share/nodejs/dompurify/dist/purify.es.js"])
    ]

    /// In the working directory; else above the program (`.build/release/mailportal`); else where it is installed.
    private static func find() throws -> String {
        var candidates = ["Public"]
        var folder = program()
        while let slash = folder.lastIndex(of: "/"), folder.count > 1 {
            folder = String(folder[..<slash])
            candidates.append(folder + "/Public")
        }
        candidates.append("/usr/share/mailportal/Public")
        guard let found = candidates.first(where: { exists($0 + "/index.html") }) else {
            throw Failure.unavailable("the folder Public is not found: name it with --public")
        }
        return found
    }

    private static func program() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    }

    private static func exists(_ path: String) -> Bool { access(path, R_OK) == 0 }
}
