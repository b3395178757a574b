import Formats

extension DemoLetter {
    /// The letter as a message.
    func bytes() throws(ParseError) -> [UInt8] {
        var headers: [MessageBuilder.Header] = [
            .init("From", .addresses([from.email])),
            .init("To", .addresses(to.map(\.email))),
        ]
        if !cc.isEmpty { headers.append(.init("Cc", .addresses(cc.map(\.email)))) }
        headers += [
            .init("Subject", .text(subject)),
            .init("Date", .date(InternetDate(seconds: sentAt))),
            .init("Message-ID", .messageIds([messageID])),
        ]
        if let last = references.last {
            headers.append(.init("In-Reply-To", .messageIds([last])))
            headers.append(.init("References", .messageIds(references)))
        }
        headers += fields.map { .init($0.name, .text($0.value)) }

        var builder = MessageBuilder(headers: headers, body: body(for: attachments))
        builder.boundarySeed = DemoRandom.seed(of: id)
        return try builder.build()
    }

    private func body(for attachments: [DemoAttachment]) -> MessageBuilder.Part {
        let inline = attachments.filter { $0.contentID != nil }
        let calendar = attachments.filter { $0.type == "text/calendar" }
        let attached = attachments.filter { $0.contentID == nil }
        // RFC 6047 §2.4: the invitation is an alternative of the text, and attached again as a file.
        let alternatives = textParts(inline: inline) + calendar.map { alternative($0) }
        let text = alternatives.count == 1 ? alternatives[0] : .multipart("alternative", alternatives)
        return attached.isEmpty ? text : .multipart("mixed", [text] + attached.map(file))
    }

    private func textParts(inline: [DemoAttachment]) -> [MessageBuilder.Part] {
        switch body {
        case .prose(let text, rich: false):
            return [.text(text)]
        case .prose(let text, rich: true):
            return [.text(text), .text(DemoPage.prose(text), type: "text/html")]
        case .page(let html, let text):
            let page = MessageBuilder.Part.text(html, type: "text/html")
            return [.text(text), inline.isEmpty ? page : .multipart("related", [page] + inline.map(file))]
        }
    }

    private func alternative(_ attachment: DemoAttachment) -> MessageBuilder.Part {
        var part = MessageBuilder.Part.text(String(decoding: attachment.bytes(), as: UTF8.self), type: attachment.type)
        part.parameters = attachment.parameters
        return part
    }

    private func file(_ attachment: DemoAttachment) -> MessageBuilder.Part {
        var part = MessageBuilder.Part.attachment(attachment.bytes(), type: attachment.type, name: attachment.name)
        part.parameters = attachment.parameters
        if let contentID = attachment.contentID {
            part.cid = contentID
            part.disposition = "inline"
        }
        return part
    }
}

extension DemoLetter.Party {
    fileprivate var email: EmailAddress { EmailAddress(name: name.isEmpty ? nil : name, email: address) }
}
