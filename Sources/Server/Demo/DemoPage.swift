/// Designed HTML as senders of newsletters and receipts make it: tables, inline styles, remote pictures.
enum DemoPage {
    /// A card of 600 px on a tinted ground, with a head in `dark` and `content` below.
    static func card(title: String, tagline: String, dark: String, light: String, content: String, foot: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>\(escaped(title))</title></head>
        <body style="margin:0;padding:0;background:\(light);font-family:Georgia,'Times New Roman',serif;color:#222222">
        <table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:\(light)"><tr><td align="center" style="padding:24px 12px">
        <table role="presentation" width="600" cellpadding="0" cellspacing="0" style="max-width:600px;width:100%;background:#ffffff;border-radius:8px;overflow:hidden">
        <tr><td style="background:\(dark);color:#ffffff;padding:28px 32px">
        <div style="font-size:26px;line-height:1.2">\(escaped(title))</div>
        <div style="font-size:14px;padding-top:6px;font-family:Helvetica,Arial,sans-serif">\(escaped(tagline))</div>
        </td></tr>
        \(content)
        <tr><td style="padding:20px 32px 28px;font-family:Helvetica,Arial,sans-serif;font-size:12px;line-height:1.5;color:#595959;border-top:1px solid #e5e5e5">\(foot)</td></tr>
        </table></td></tr></table>
        </body></html>
        """
    }

    /// A row of the card with a headline, a paragraph and, where `link` is given, a button.
    static func piece(headline: String, text: String, link: String?, dark: String) -> String {
        let button = link.map {
            """
            <p style="margin:16px 0 0"><a href="\($0)" style="display:inline-block;background:\(dark);color:#ffffff;padding:10px 18px;border-radius:4px;text-decoration:none;font-family:Helvetica,Arial,sans-serif;font-size:14px">Read on</a></p>
            """
        }
        return """
            <tr><td style="padding:24px 32px 8px">
            <h2 style="margin:0 0 8px;font-size:20px;line-height:1.3;color:\(dark)">\(escaped(headline))</h2>
            <p style="margin:0;font-size:16px;line-height:1.55">\(escaped(text))</p>\(button ?? "")
            </td></tr>
            """
    }

    /// A row with one picture over the whole width.
    static func picture(_ source: String, alt: String) -> String {
        """
        <tr><td><img src="\(source)" width="600" height="280" alt="\(escaped(alt))" style="display:block;width:100%;height:auto;border:0"></td></tr>
        """
    }

    /// A row with a two-column table and a sum in bold at its end.
    static func bill(_ rows: [(String, String)], sum: (String, String)) -> String {
        let lines = rows.map { row in
            "<tr><td style=\"padding:8px 0;border-bottom:1px solid #eeeeee\">\(escaped(row.0))</td>"
                + "<td align=\"right\" style=\"padding:8px 0;border-bottom:1px solid #eeeeee\">\(row.1)</td></tr>"
        }
        return """
            <tr><td style="padding:16px 32px 24px;font-family:Helvetica,Arial,sans-serif;font-size:15px">
            <table role="presentation" width="100%" cellpadding="0" cellspacing="0">\(lines.joined(separator: "\n"))
            <tr><td style="padding:12px 0"><b>\(sum.0)</b></td><td align="right" style="padding:12px 0"><b>\(sum.1)</b></td></tr></table>
            </td></tr>
            """
    }

    static func escaped(_ text: some StringProtocol) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }

    /// HTML of what a person typed: paragraphs, `- ` lists, `**bold**` and `*italic*`.
    static func prose(_ text: String) -> String {
        var html = ""
        for block in paragraphs(of: text) {
            let lines = block.split(separator: "\n" as Character)
            if lines.allSatisfy({ $0.hasPrefix("- ") }) {
                html += "<ul>" + lines.map { "<li>\(emphasised(escaped($0.dropFirst(2))))</li>" }.joined() + "</ul>\n"
            } else {
                html += "<p>" + lines.map { emphasised(escaped($0)) }.joined(separator: "<br>\n") + "</p>\n"
            }
        }
        return "<!DOCTYPE html>\n<html><body style=\"font-family:Helvetica,Arial,sans-serif;font-size:15px\">\n\(html)</body></html>\n"
    }

    private static func emphasised(_ html: String) -> String {
        paired(paired(html, mark: "**", element: "b"), mark: "*", element: "i")
    }

    /// Blocks of lines between empty ones.
    private static func paragraphs(of text: String) -> [String] {
        text.split(separator: "\n" as Character, omittingEmptySubsequences: false)
            .split(whereSeparator: \.isEmpty)
            .map { $0.joined(separator: "\n") }
    }

    private static func pieces(of text: String, between mark: String) -> [String] {
        var result = [""]
        var rest = text[...]
        while let first = rest.first {
            if rest.hasPrefix(mark) {
                result.append("")
                rest = rest.dropFirst(mark.count)
            } else {
                result[result.count - 1].append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }

    private static func paired(_ html: String, mark: String, element: String) -> String {
        var parts = pieces(of: html, between: mark)[...]
        guard parts.count % 2 == 1 else { return html }
        var result = parts.removeFirst()
        while let inside = parts.popFirst(), let after = parts.popFirst() {
            result += "<\(element)>\(inside)</\(element)>\(after)"
        }
        return result
    }
}
