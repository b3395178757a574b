import JMAP

/// Reads the bytes as the body of a request, and does with its calls what the dispatcher and the standard methods do before any
/// store is asked: references, arguments, patches, filters' values.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = data.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
    if let json = try? JSON(parsing: bytes) { write(json) }
    guard let request = try? Request(parsing: bytes, capabilities: ["urn:ietf:params:jmap:core"], limits: Limits()) else { return 0 }
    var done: [Invocation] = []
    var budget = 100_000
    for call in request.calls {
        let resolved = (try? ResultReference.resolve(call.arguments, among: done, budget: &budget)) ?? call.arguments
        take(resolved, request.createdIds ?? [:])
        done.append(Invocation(name: call.name, arguments: resolved, callId: call.callId))
    }
    return 0
}

/// What was read is written so that it is read as the same again.
private func write(_ json: JSON) {
    let text = json.serialized
    guard let again = try? JSON(parsing: text) else { preconditionFailure("unreadable: \(json)") }
    precondition(again.serialized == text)
}

private func take(_ object: JSONObject, _ createdIds: [String: String]) {
    var arguments = Arguments(object, createdIds: createdIds)
    _ = try? arguments.id("accountId")
    _ = try? arguments.optionalIds("ids")
    _ = try? arguments.optionalStrings("properties")
    _ = try? arguments.int("position", default: 0)
    _ = try? arguments.optionalUnsigned("limit")
    _ = try? arguments.bool("calculateTotal", default: false)
    _ = try? arguments.optionalObjects("create")
    if let updates = try? arguments.optionalObjects("update") {
        for (_, update) in updates { apply(update) }
    }
    _ = try? arguments.finish()
    for (name, value) in object {
        _ = JSONPointer(parsing: name)?.resolve(in: .object(object))
        _ = (value.id, value.int, value.unsigned, value.strings, value.string.flatMap(UTCDate.init))
    }
}

private func apply(_ update: JSONObject) {
    guard let patch = try? PatchObject(update) else { return }
    precondition(patch.properties.count <= patch.changes.count)
    if let result = try? patch.applied(to: ["keywords": ["$seen": true], "name": "x"]) { write(.object(result)) }
}
