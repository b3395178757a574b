/// The members of a JSON object, in their order, each name once.
///
/// Small objects are searched in line; large ones (a `/set` of 500 records) keep an index beside.
package struct JSONObject: Sendable {
    package typealias Member = (name: String, value: JSON)

    package private(set) var members: [Member]
    private var positions: [String: Int]?

    private static let indexedFrom = 64

    package init() { members = [] }

    /// Takes members whose names the caller knows to differ.
    package init(unique members: [(String, JSON)]) {
        self.members = members.map { (name: $0.0, value: $0.1) }
        indexIfLarge()
    }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var names: [String] { members.map(\.name) }

    package func has(_ name: String) -> Bool { position(of: name) != nil }

    package mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// The value of that name. Setting nil removes the member; setting a new name appends it.
    package subscript(name: String) -> JSON? {
        get { position(of: name).map { members[$0].value } }
        set {
            switch (position(of: name), newValue) {
            case (let position?, let value?): members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                positions = nil
                indexIfLarge()
            case (nil, let value?): append(name, value)
            case (nil, nil): break
            }
        }
    }

    /// Adds a member unless the name is there already, and says whether it did: how the parser finds duplicates.
    package mutating func insert(_ name: String, _ value: JSON) -> Bool {
        if position(of: name) != nil { return false }
        append(name, value)
        return true
    }

    /// Adds a member whose name the caller knows to be new.
    package mutating func append(_ name: String, _ value: JSON) {
        members.append((name, value))
        if positions != nil { positions?[name] = members.count - 1 } else { indexIfLarge() }
    }

    /// With the members of `other` in place of, and beside, its own.
    package func merging(_ other: JSONObject) -> JSONObject {
        var result = self
        for (name, value) in other { result[name] = value }
        return result
    }

    private func position(of name: String) -> Int? {
        if let positions { return positions[name] }
        return members.firstIndex { $0.name == name }
    }

    private mutating func indexIfLarge() {
        guard members.count >= Self.indexedFrom else { return }
        var index: [String: Int] = [:]
        index.reserveCapacity(members.count * 2)
        for (position, member) in members.enumerated() { index[member.name] = position }
        positions = index
    }
}

extension JSONObject: Hashable {
    /// Objects are equal when their members are, whatever the order (RFC 8259 §4).
    package static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for name in names.sorted() { hasher.combine(name) }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The names must differ.
    package init(dictionaryLiteral elements: (String, JSON)...) { self.init(unique: elements) }
}

extension JSONObject: Sequence {
    package func makeIterator() -> Array<Member>.Iterator { members.makeIterator() }
}
