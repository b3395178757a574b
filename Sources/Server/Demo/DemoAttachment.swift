/// A file that goes with a letter, made on the spot from its name.
struct DemoAttachment: Sendable {
    enum Content: Sendable {
        case picture, document, table, notes
        case given([UInt8])
    }

    let name: String
    let type: String
    let content: Content
    /// Set for a picture that the HTML shows itself, by `cid:`.
    var contentID: String?
    /// Further parameters of Content-Type, e.g. `method` of an invitation.
    var parameters: [(name: String, value: String)] = []

    /// What a file of this name would hold; the extension decides.
    static func named(_ name: String) -> DemoAttachment {
        switch name.split(separator: "." as Character).last.map(String.init(_:)) {
        case "png": DemoAttachment(name: name, type: "image/png", content: .picture)
        case "pdf": DemoAttachment(name: name, type: "application/pdf", content: .document)
        case "csv": DemoAttachment(name: name, type: "text/csv", content: .table)
        default: DemoAttachment(name: name, type: "text/plain", content: .notes)
        }
    }

    /// The file's bytes, made when they are asked for.
    func bytes() -> [UInt8] {
        let stem = String(name.prefix { $0 != "." })
        return switch content {
        case .picture: DemoPicture.drawing(for: stem).png()
        case .document: DemoPDF.document(titled: Self.title(stem))
        case .table: Array(Self.table(stem).utf8)
        case .notes: Array(Self.notes(stem).utf8)
        case .given(let bytes): bytes
        }
    }

    private static func title(_ stem: String) -> String {
        let words = stem.split(separator: "-" as Character).joined(separator: " ")
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static func table(_ stem: String) -> String {
        var random = DemoRandom(seed: stem)
        let goods = [
            "Larch boards", "Purlin 180", "Oak pegs", "Clay plaster", "Slate", "Copper gutter", "Gravel 8/16",
            "Birch, 3 m", "Lime mortar", "Window seat", "Brass screws", "Linseed oil",
        ]
        var rows = ["Item,Unit,Quantity,Price each,Total"]
        for good in goods.prefix(random.number(6...12)) {
            let quantity = random.number(1...40)
            let price = random.number(3...180)
            rows.append("\"\(good)\",\(random.pick(["m", "m²", "pcs", "kg"])),\(quantity),\(price).00,\(quantity * price).00")
        }
        return rows.joined(separator: "\r\n") + "\r\n"
    }

    private static func notes(_ stem: String) -> String {
        """
        \(title(stem))

        [x] read everything once, slowly
        [x] find the key
        [ ] tell the neighbours
        [ ] take a picture before, and one after
        [ ] leave the place a little better than it was

        """
    }
}
