import Formats

/// Reads every part, field and form of whatever message the bytes are, then writes what was read and reads it again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = data.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? []
    let message = Message(parsing: bytes)
    for part in message.parts {
        _ = (part.partId, part.parameters, part.charset, part.disposition, part.name, part.cid, part.language, part.location, part.size)
        precondition(part.bodyRange.lowerBound >= 0 && part.bodyRange.upperBound <= bytes.count)
        _ = part.decodedText()
        for field in part.headers {
            _ = (field.name, field.raw, field.text, field.groupedAddresses, field.messageIds, field.date, field.urls)
        }
    }
    let summary = MessageSummary(of: message)
    precondition(summary.preview.unicodeScalars.count <= 256)
    _ = MboxFile.messages(in: bytes)
    rebuild(summary, message)
    return 0
}

/// What the builder writes of any values is a message whose fields are those asked for, without bare line ends.
private func rebuild(_ summary: MessageSummary, _ message: Message) {
    let text = String(summary.bodyText.prefix(2000))
    var builder = MessageBuilder(
        headers: [
            .init("Subject", .text(summary.subject ?? "")), .init("To", .groupedAddresses(message.header("to")?.groupedAddresses ?? [])),
            .init("References", .messageIds(summary.references ?? [])), .init("X-Raw", .raw(message.header("x-raw")?.raw ?? "")),
        ],
        body: .multipart(
            "mixed", [.text(text), .attachment(message.root.decodedBytes(), type: "text/plain", name: summary.attachmentNames.first)]))
    builder.boundarySeed = 1
    guard let bytes = try? builder.build() else { return }
    for (index, byte) in bytes.enumerated() {
        if byte == 0x0A { precondition(index > 0 && bytes[index - 1] == 0x0D) }
        if byte == 0x0D { precondition(index + 1 < bytes.count && bytes[index + 1] == 0x0A) }
    }
    let again = Message(parsing: bytes)
    let names: Set<String> = ["Subject", "To", "References", "X-Raw", "MIME-Version", "Content-Type"]
    precondition(again.headers.allSatisfy { names.contains($0.name) })
    precondition(again.root.children.count == 2)
    precondition(again.root.children[1].decodedBytes() == message.root.decodedBytes())
}
