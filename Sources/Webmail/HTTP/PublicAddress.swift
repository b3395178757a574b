/// Whether an IP address belongs to the public internet: what the image proxy may reach.
///
/// Anything that is, or could lead to, this machine or its network is refused (RFC 6890 and its registries).
enum PublicAddress {
    /// - Parameter bytes: 4 or 16 octets in network order.
    static func isPublic(_ bytes: [UInt8]) -> Bool {
        switch bytes.count {
        case 4: !privateNetworks4.contains { $0.contains(bytes) }
        case 16: isPublic6(bytes)
        default: false
        }
    }

    private static func isPublic6(_ bytes: [UInt8]) -> Bool {
        // Only 2000::/3 is global unicast; of it not: Teredo, ORCHID, benchmarking (2001::/23), documentation, and 6to4, which
        // hides an IPv4 address.
        guard bytes[0] & 0xE0 == 0x20 else { return false }
        return !privateNetworks6.contains { $0.contains(bytes) }
    }

    private struct Network {
        let prefix: [UInt8]
        let length: Int

        func contains(_ bytes: [UInt8]) -> Bool {
            for bit in 0..<length {
                let mask = UInt8(0x80) >> UInt8(bit % 8)
                if (bytes[bit / 8] ^ prefix[bit / 8]) & mask != 0 { return false }
            }
            return true
        }
    }

    private static let privateNetworks4: [Network] = [
        Network(prefix: [0], length: 8), Network(prefix: [10], length: 8), Network(prefix: [100, 64], length: 10),
        Network(prefix: [127], length: 8), Network(prefix: [169, 254], length: 16), Network(prefix: [172, 16], length: 12),
        Network(prefix: [192, 0, 0], length: 24), Network(prefix: [192, 0, 2], length: 24),
        Network(prefix: [192, 88, 99], length: 24), Network(prefix: [192, 168], length: 16),
        Network(prefix: [198, 18], length: 15), Network(prefix: [198, 51, 100], length: 24),
        Network(prefix: [203, 0, 113], length: 24), Network(prefix: [224], length: 4), Network(prefix: [240], length: 4),
    ]

    private static let privateNetworks6: [Network] = [
        Network(prefix: [0x20, 0x01, 0x00], length: 23), Network(prefix: [0x20, 0x01, 0x0D, 0xB8], length: 32),
        Network(prefix: [0x20, 0x02], length: 16), Network(prefix: [0x3F, 0xFF, 0x00], length: 20),
    ]
}

/// What an image is, by its first bytes. Whatever may hold a script (SVG, PDF, HTML) is none.
enum ImageKind: String {
    case png = "image/png"
    case jpeg = "image/jpeg"
    case gif = "image/gif"
    case webp = "image/webp"
    case avif = "image/avif"
    case bmp = "image/bmp"
    case icon = "image/x-icon"

    init?(sniffing bytes: [UInt8]) {
        func starts(_ prefix: [UInt8], at offset: Int = 0) -> Bool {
            bytes.count >= offset + prefix.count && bytes[offset..<offset + prefix.count].elementsEqual(prefix)
        }
        if starts([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts(Array("GIF87a".utf8)) || starts(Array("GIF89a".utf8)) {
            self = .gif
        } else if starts(Array("RIFF".utf8)), starts(Array("WEBP".utf8), at: 8) {
            self = .webp
        } else if starts(Array("ftypavif".utf8), at: 4) || starts(Array("ftypavis".utf8), at: 4) {
            self = .avif
        } else if starts(Array("BM".utf8)), bytes.count > 26 {
            self = .bmp
        } else if starts([0, 0, 1, 0]) {
            self = .icon
        } else {
            return nil
        }
    }
}
