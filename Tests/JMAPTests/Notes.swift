import Synchronization

@testable import JMAP

/// A data type for the tests of the standard methods: notes with a text, held in memory.
final class NoteBook: Sendable {
    struct State {
        var notes: [String: JSONObject] = [:]
        /// id and kind of each change, in order.
        var log: [(id: String, kind: Character)] = []
        var serial = 0
    }
    let state = Mutex(State())
    let isReadOnly: Bool

    init(isReadOnly: Bool = false) { self.isReadOnly = isReadOnly }

    func add(_ properties: JSONObject) -> String {
        state.withLock { state in
            state.serial += 1
            let id = "n\(state.serial)"
            var note = properties
            note["id"] = .string(id)
            state.notes[id] = note
            state.log.append((id, "c"))
            return id
        }
    }

    var token: String { state.withLock { "\($0.log.count)" } }
}

struct NoteScope: AccountScope {
    var limits = Limits()
    var accounts: [String: NoteBook]

    func account(_ id: Id, capability: String, changes: Bool) async throws(MethodError) -> NoteBook {
        guard let book = accounts[id.rawValue] else { throw .accountNotFound }
        guard capability == "urn:notes" else { throw .accountNotSupportedByMethod }
        guard !changes || !book.isReadOnly else { throw .accountReadOnly }
        return book
    }
}

struct NoteType: CopyableType, ChangingType, QueryableType {
    typealias Scope = NoteScope
    let name = "Note"
    let capability = "urn:notes"

    func fetch(from arguments: inout Arguments) throws(MethodError) -> [String] {
        let properties = try arguments.optionalStrings("properties") ?? ["id", "text", "parent"]
        guard properties.allSatisfy({ ["id", "text", "parent"].contains($0) }) else {
            throw .invalid("properties", "unknown")
        }
        return properties
    }

    func get(_ ids: [Id]?, _ fetch: [String], limit: Int, from book: NoteBook) async throws(MethodError) -> GetResult {
        let notes = book.state.withLock { $0.notes }
        let wanted = ids?.map(\.rawValue) ?? notes.keys.sorted()
        guard wanted.count <= limit else { throw .requestTooLarge }
        var list: [JSON] = []
        for id in wanted {
            guard let note = notes[id] else { continue }
            var item: JSONObject = ["id": .string(id)]
            for name in fetch where name != "id" { item[name] = note[name] ?? .null }
            list.append(.object(item))
        }
        return GetResult(state: book.token, list: list, notFound: ids?.filter { notes[$0.rawValue] == nil } ?? [])
    }

    func changes(since state: String, limit: Int?, in book: NoteBook) async throws(MethodError) -> ChangesResult {
        let log = book.state.withLock { $0.log }
        guard let since = Int(state), 0...log.count ~= since else { throw .cannotCalculateChanges }
        let end = min(log.count, limit.map { since + $0 } ?? log.count)
        let part = log[since..<end]
        func ids(_ kind: Character) -> [String] { part.filter { $0.kind == kind }.map(\.id) }
        return ChangesResult(
            newState: "\(end)", hasMoreChanges: end < log.count, created: ids("c"), updated: ids("u"), destroyed: ids("d"))
    }

    func setOptions(from arguments: inout Arguments) throws(MethodError) -> Bool {
        try arguments.bool("loud", default: false)
    }

    func state(of book: NoteBook) async throws(MethodError) -> String { book.token }

    func references(in record: JSONObject) -> [String] {
        guard let parent = record["parent"]?.string, parent.hasPrefix("#") else { return [] }
        return [String(parent.dropFirst())]
    }

    func create(
        _ record: JSONObject, options: Bool, in book: NoteBook, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        guard record["text"]?.string != nil else { return .failure(.invalidProperties(["text"])) }
        var note = record
        if let parent = record["parent"]?.string {
            guard let id = request.resolve(parent) else { return .failure(.invalidProperties(["parent"])) }
            note["parent"] = .string(id)
        }
        let id = book.add(note)
        return .success(CreatedRecord(id: id, properties: ["id": .string(id)]))
    }

    func update(
        _ patches: [(id: Id, patch: PatchObject)], options: Bool, in book: NoteBook, request: RequestState
    ) async throws(MethodError) -> [Result<JSONObject?, SetError>] {
        patches.map { id, patch in
            book.state.withLock { state in
                guard let note = state.notes[id.rawValue] else { return .failure(.notFound) }
                do throws(SetError) {
                    state.notes[id.rawValue] = try patch.applied(to: note)
                    state.log.append((id.rawValue, "u"))
                    return .success(nil)
                } catch { return .failure(error) }
            }
        }
    }

    func destroy(_ ids: [Id], options: Bool, in book: NoteBook) async throws(MethodError) -> [SetError?] {
        ids.map { id in
            book.state.withLock { state in
                guard state.notes.removeValue(forKey: id.rawValue) != nil else { return .notFound }
                state.log.append((id.rawValue, "d"))
                return nil
            }
        }
    }

    func copy(
        _ id: Id, overrides: JSONObject, from source: NoteBook, to target: NoteBook, request: RequestState
    ) async throws(MethodError) -> Result<CreatedRecord, SetError> {
        guard var note = source.state.withLock({ $0.notes[id.rawValue] }) else { return .failure(.notFound) }
        for (name, value) in overrides { note[name] = value }
        let newId = target.add(note)
        return .success(CreatedRecord(id: newId, properties: ["id": .string(newId)]))
    }

    func queryOptions(from arguments: inout Arguments) throws(MethodError) {}

    func condition(from object: JSONObject) throws(MethodError) -> String {
        guard object.names.allSatisfy({ $0 == "text" }) else { throw .unsupportedFilter(description: "unknown") }
        guard let text = object["text"] else { return "" }
        guard let text = text.string else { throw .invalid("filter", "text must be a string") }
        return text
    }

    func validate(_ comparator: Comparator) throws(MethodError) {
        guard comparator.property == "text" else { throw .unsupportedSort(description: comparator.property) }
    }

    private func results(_ filter: Filter<String>?, _ sort: [Comparator], in book: NoteBook) -> [String] {
        let notes = book.state.withLock { Array($0.notes.values) }
        let matching = notes.filter { note in
            filter?.matches { $0.isEmpty || note["text"]?.string?.contains($0) == true } ?? true
        }
        let ascending = sort.first?.isAscending ?? true
        return matching.sorted { left, right in
            let ordered = (left["text"]?.string ?? "") < (right["text"]?.string ?? "")
            return ascending ? ordered : !ordered
        }.compactMap { $0["id"]?.string }
    }

    func query(_ query: Query<String, Void>, in book: NoteBook) async throws(MethodError) -> QueryResult {
        let all = results(query.filter, query.sort, in: book)
        let slice = try query.window.slice(all)
        return QueryResult(
            queryState: book.token, canCalculateChanges: true, position: slice.position, ids: slice.ids, total: all.count)
    }

    func queryChanges(
        _ query: ChangesQuery<String, Void>, in book: NoteBook
    ) async throws(MethodError) -> QueryChangesResult {
        try QueryChangesResult(
            results: results(query.filter, query.sort, in: book),
            changes: try await changes(since: query.sinceQueryState, limit: nil, in: book),
            calculateTotal: query.calculateTotal, maxChanges: query.maxChanges)
    }
}
