import Disk

/// The folders of one Maildir++: where things lie, as Dovecot lays them. Only names and directories; messages are the account's.
struct Maildir: Sendable {
    let path: String

    /// The directory of a folder.
    func path(of folder: FolderName) -> String { folder == .inbox ? path : path + "/" + folder.raw }

    /// A message's path from its folder and `cur/…` or `new/…`.
    func path(of file: String, in folder: FolderName) -> String { path(of: folder) + "/" + file }

    /// The folder whose `cur` or `new` lies at `directory`.
    func folder(ofDirectory directory: String) -> FolderName? {
        guard directory.hasPrefix(path + "/"), directory.hasSuffix("/cur") || directory.hasSuffix("/new") else { return nil }
        let inner = directory.dropFirst(path.utf8.count + 1).dropLast(3)
        return inner.isEmpty ? .inbox : FolderName(raw: String(inner.dropLast()))
    }

    /// Where messages are written before they are filed; on the same file system as every folder.
    var staging: String { path + "/tmp" }

    /// The folders on disk, the inbox first, parents before children.
    func folders() throws(StoreError) -> [FolderName] {
        var folders: [FolderName] = []
        for name in try Folder.names(path) {
            guard let folder = FolderName(directory: name), Folder.modified(path(of: folder) + "/cur") != nil else { continue }
            folders.append(folder)
        }
        return [.inbox] + folders.sorted { $0.raw < $1.raw }
    }

    /// Makes the inbox's own directories.
    func makeInbox() throws(StoreError) {
        for name in ["cur", "new", "tmp"] { try Folder.make(path + "/" + name) }
    }

    /// Makes a folder that appears at once with all that belongs to it.
    func make(_ folder: FolderName) throws(StoreError) {
        let final = path(of: folder)
        guard !DiskFile.exists(final) else { throw .alreadyExists }
        let staged = path + "/..new-" + UniqueName.next()
        for name in ["cur", "new", "tmp"] { try Folder.make(staged + "/" + name) }
        try AtomicFile.write([], to: staged + "/maildirfolder")
        try DiskFile.move(staged, to: final)
        CrashPoint.reached("folder.made")
        try Folder.sync(path)
    }

    /// Takes the folder out of sight at once; the result is for `Folder.removeTree`.
    func retire(_ folder: FolderName) throws(StoreError) -> String {
        let hidden = path + "/..gone-" + UniqueName.next()
        try DiskFile.move(path(of: folder), to: hidden)
        CrashPoint.reached("folder.retired")
        try Folder.sync(path)
        return hidden
    }

    /// Removes what a crash left behind: retired and half-made folders, and staged files older than a day and a half.
    func sweep(now: UnixTime) throws(StoreError) {
        for name in try Folder.names(path) where name.hasPrefix("..gone-") || name.hasPrefix("..new-") {
            try Folder.removeTree(path + "/" + name)
        }
        let limit = (now.milliseconds - 36 * 3_600_000) * 1_000_000
        for name in try Folder.names(staging) {
            if let status = DiskFile.status(staging + "/" + name), status.modified < limit {
                try? DiskFile.remove(staging + "/" + name)
            }
        }
    }
}
