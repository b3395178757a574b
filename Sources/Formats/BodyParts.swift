/// The flat lists of a message's parts: RFC 8621 §4.1.4.
package struct BodyParts: Sendable {
    /// What to show in sequence, plain text preferred.
    package private(set) var textBody: [MessagePart] = []
    /// What to show in sequence, HTML preferred.
    package private(set) var htmlBody: [MessagePart] = []
    /// What to offer beside the body.
    package private(set) var attachments: [MessagePart] = []

    /// Sorts the parts of `message`, by the algorithm that RFC 8621 §4.1.4 suggests.
    package init(of message: Message) {
        self.init(of: message.root)
    }

    /// Sorts the parts below `root`, which is a message's root or an attached message's.
    package init(of root: MessagePart) {
        sort([root], multipartType: "mixed", context: Context())
    }

    /// Whether a reader would look for something to download: an attachment that is not inline, or an inline one that no HTML
    /// part is there to embed.
    package var hasAttachment: Bool {
        let hasHTML = htmlBody.contains { $0.type == "text/html" }
        return attachments.contains { part in
            if part.disposition == "attachment" { return part.cid == nil || !hasHTML || !part.isInlineMedia }
            if part.disposition == "inline" { return false }
            return !(hasHTML && part.isInlineMedia && part.cid != nil)
        }
    }

    /// Which lists are still open where we are: within an alternative, one kind of text closes the other's list.
    private struct Context {
        var isInAlternative = false
        var takesText = true
        var takesHTML = true
    }

    private mutating func sort(_ parts: [MessagePart], multipartType: String, context: Context) {
        // Depth is bounded by the parser (`Message.maximumDepth`), so recursion is.
        var context = context
        let textStart = textBody.count
        let htmlStart = htmlBody.count
        for (position, part) in parts.enumerated() {
            if part.isMultipart {
                let type = String(part.type.dropFirst("multipart/".count))
                var inner = context
                inner.isInAlternative = context.isInAlternative || type == "alternative"
                sort(part.children, multipartType: type, context: inner)
            } else if isBody(part, at: position, in: multipartType) {
                place(part, in: multipartType, &context)
            } else {
                attachments.append(part)
            }
        }
        guard multipartType == "alternative", context.takesText, context.takesHTML else { return }
        if textBody.count == textStart, htmlBody.count > htmlStart { textBody += htmlBody[htmlStart...] }
        if htmlBody.count == htmlStart, textBody.count > textStart { htmlBody += textBody[textStart...] }
    }

    private func isBody(_ part: MessagePart, at position: Int, in multipartType: String) -> Bool {
        let isMedia = part.isInlineMedia
        guard part.disposition != "attachment", part.type == "text/plain" || part.type == "text/html" || isMedia else {
            return false
        }
        return position == 0 || multipartType != "related" && (isMedia || part.name == nil)
    }

    private mutating func place(_ part: MessagePart, in multipartType: String, _ context: inout Context) {
        if multipartType == "alternative" {
            switch part.type {
            case "text/plain" where context.takesText: textBody.append(part)
            case "text/html" where context.takesHTML: htmlBody.append(part)
            default: attachments.append(part)
            }
            return
        }
        if context.isInAlternative {
            if part.type == "text/plain" { context.takesHTML = false }
            if part.type == "text/html" { context.takesText = false }
        }
        if context.takesText { textBody.append(part) }
        if context.takesHTML { htmlBody.append(part) }
        if !(context.takesText && context.takesHTML), part.isInlineMedia { attachments.append(part) }
    }
}

extension MessagePart {
    /// Whether browsers show the part within a page: image, audio, video.
    package var isInlineMedia: Bool {
        type.hasPrefix("image/") || type.hasPrefix("audio/") || type.hasPrefix("video/")
    }
}

extension Message {
    /// The flat lists of the message's parts.
    package var bodyParts: BodyParts { BodyParts(of: self) }
}
