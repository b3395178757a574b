/// The smallest honest PDF: one A4 page with a title and a few lines, in a font that every viewer has.
enum DemoPDF {
    static func document(titled title: String) -> [UInt8] {
        let lines = [
            "Prepared by the studio for the file.",
            "Figures are to be read together with the drawings.",
            "Where the two disagree, please ring us: one of them is wrong.",
        ]
        var stream = "BT /F1 24 Tf 72 740 Td (\(escaped(title))) Tj ET\n"
        for (index, line) in lines.enumerated() {
            stream += "BT /F1 12 Tf 72 \(700 - index * 20) Td (\(escaped(line))) Tj ET\n"
        }
        stream += "0.2 0.4 0.3 RG 2 w 72 728 m 520 728 l S\n"

        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
                + "/Resources << /Font << /F1 5 0 R >> >> >>",
            "<< /Length \(stream.utf8.count) >>\nstream\n\(stream)endstream",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
        var text = "%PDF-1.4\n"
        var offsets: [Int] = []
        for (index, object) in objects.enumerated() {
            offsets.append(text.utf8.count)
            text += "\(index + 1) 0 obj\n\(object)\nendobj\n"
        }
        let start = text.utf8.count
        text += "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            text += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        text += "trailer\n<< /Size \(objects.count + 1) /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n"
        return Array(text.utf8)
    }

    private static func escaped(_ text: String) -> String {
        String(text.filter(\.isASCII).flatMap { "()\\".contains($0) ? ["\\", $0] : [$0] })
    }
}
