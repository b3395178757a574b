import Foundation
import Testing

@testable import Disk

@Suite struct DiskTests {
    private func inFolder(_ body: (String) throws -> Void) throws {
        let path = NSTemporaryDirectory() + "disk-\(UUID().uuidString)"
        try Folder.make(path + "/deep/er")
        defer { try? Folder.removeTree(path) }
        try body(path)
    }

    @Test func aStagedFileAppearsOnlyWhenCommitted() throws {
        try inFolder { path in
            do {
                let file = try StagedFile(creating: path + "/tmp1")
                try file.append([1, 2, 3])
                #expect(file.size == 3)
                try file.setModified(milliseconds: 1_600_000_000_123)
                try file.sync()
                try file.commit(to: path + "/final")
            }
            do { try StagedFile(creating: path + "/tmp2").append([1]) }
            #expect(try Folder.names(path).sorted() == ["deep", "final"])
            let file = try OpenFile(path: path + "/final")
            #expect(try file.read() == [1, 2, 3])
            #expect(try file.read(at: 1, count: 1) == [2])
            #expect(try file.read(at: 9) == [])
            #expect(file.modified == 1_600_000_000_123_000_000)
        }
    }

    @Test func movingNeverReplaces() throws {
        try inFolder { path in
            try AtomicFile.write([1], to: path + "/a")
            try AtomicFile.write([2], to: path + "/b")
            #expect(throws: StoreError.alreadyExists) { try DiskFile.move(path + "/a", to: path + "/b") }
            #expect(throws: StoreError.notFound) { try DiskFile.move(path + "/x", to: path + "/y") }
            try DiskFile.replace(path + "/b", with: path + "/a")
            #expect(try DiskFile.contents(path + "/b") == [1])
            #expect(try DiskFile.contents(path + "/a") == nil)
        }
    }

    @Test func aLinkIsNotFollowed() throws {
        try inFolder { path in
            try AtomicFile.write([1], to: path + "/a")
            symlink(path + "/a", path + "/link")
            #expect(throws: StoreError.self) { try OpenFile(path: path + "/link") }
            #expect(throws: StoreError.notFound) { try OpenFile(path: path + "/deep") }
        }
    }

    @Test func aWatchTellsOfNamesThatChange() async throws {
        let path = NSTemporaryDirectory() + "disk-\(UUID().uuidString)"
        try Folder.make(path)
        let (events, continuation) = AsyncStream.makeStream(of: [DirectoryWatch.Event].self)
        let watch = try #require(DirectoryWatch { continuation.yield($0) })
        #expect(watch.add(path) && watch.add(path))
        #expect(!watch.add(path + "/none"))
        try AtomicFile.write([1], to: path + "/a")
        let wanted = DirectoryWatch.Event(directory: path, name: "a", isGone: false)
        for await some in events where some.contains(wanted) { break }
        try Folder.removeTree(path)
    }

    @Test func lockedWorkRunsOneAtATime() async throws {
        let path = NSTemporaryDirectory() + "lock-\(UUID().uuidString)"
        let one = try FileLock(path: path)
        let two = try FileLock(path: path)
        let log = Recorder()
        await withTaskGroup(of: Void.self) { group in
            for lock in [one, two] {
                group.addTask {
                    await DiskExecutor.offload {
                        for _ in 0..<50 { lock.withLock { log.enter() ; log.leave() } }
                    }
                }
            }
        }
        #expect(log.mostInside == 1)
        try DiskFile.remove(path)
    }
}

import Synchronization

final class Recorder: Sendable {
    private let state = Mutex((inside: 0, most: 0))
    func enter() {
        state.withLock {
            $0.inside += 1
            $0.most = max($0.most, $0.inside)
        }
    }
    func leave() { state.withLock { $0.inside -= 1 } }
    var mostInside: Int { state.withLock { $0.most } }
}
