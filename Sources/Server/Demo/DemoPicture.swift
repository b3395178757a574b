/// A picture of flat colours, drawn by a few rules and a seed, and written as PNG.
struct DemoPicture: Sendable {
    let width: Int
    let height: Int
    /// Sixteen colours as RGB.
    private let palette: [(UInt8, UInt8, UInt8)]
    /// One palette index a pixel, row by row.
    private var pixels: [UInt8]

    private init(width: Int, height: Int, palette: [(UInt8, UInt8, UInt8)]) {
        self.width = width
        self.height = height
        self.palette = palette
        pixels = [UInt8](repeating: 0, count: width * height)
    }

    /// A plan for names that sound like one, otherwise a landscape.
    static func drawing(for name: String) -> DemoPicture {
        let plans = ["section", "sketch", "board", "plan", "slab", "model", "room"]
        return plans.contains { name.contains($0) } ? plan(seed: name) : landscape(seed: name)
    }

    /// Sky, sun and five ridges, each darker than the one behind.
    static func landscape(seed: String, width: Int = 480, height: Int = 300) -> DemoPicture {
        var random = DemoRandom(seed: seed)
        let hues: [[(UInt8, UInt8, UInt8)]] = [
            [(250, 226, 194), (252, 240, 220), (240, 150, 90), (196, 176, 160), (150, 140, 138), (104, 110, 114), (66, 80, 86), (36, 50, 56)],
            [(206, 228, 240), (236, 246, 250), (250, 214, 110), (150, 190, 196), (104, 158, 158), (70, 124, 116), (44, 90, 78), (24, 58, 48)],
            [(238, 214, 226), (250, 236, 240), (226, 96, 100), (190, 160, 190), (148, 122, 160), (106, 90, 130), (70, 62, 98), (40, 38, 66)],
        ]
        var picture = DemoPicture(width: width, height: height, palette: random.pick(hues))
        let sunX = random.number(width / 5...width * 4 / 5)
        let sunY = random.number(height / 5...height * 2 / 5)
        let radius = random.number(height / 14...height / 8)
        picture.fill { x, y in
            let distance = (x - sunX) * (x - sunX) + (y - sunY) * (y - sunY)
            if distance < radius * radius { return 2 }
            return distance < radius * radius * 6 ? 1 : 0
        }
        for ridge in 0..<5 {
            let base = height * (45 + ridge * 11) / 100
            var line = base
            var slope = random.number(-1...1)
            for x in 0..<width {
                if x % 16 == 0 { slope = random.number(-2...2) }
                if x % 2 == 0 { line += slope }
                line = min(max(line, base - height / 8), base + height / 10)
                for y in max(line, 0)..<height { picture.pixels[y * width + x] = UInt8(3 + ridge) }
            }
        }
        return picture
    }

    /// Walls, rooms, a path and trees, seen from above.
    static func plan(seed: String, width: Int = 480, height: Int = 300) -> DemoPicture {
        var random = DemoRandom(seed: seed)
        var picture = DemoPicture(
            width: width, height: height,
            palette: [
                (250, 248, 242), (226, 222, 210), (52, 56, 62), (240, 226, 196), (214, 228, 204), (128, 168, 120),
                (92, 132, 90), (196, 120, 84),
            ])
        picture.fill { x, y in x % 40 == 0 || y % 40 == 0 ? 1 : 0 }
        let left = random.number(60...100)
        let top = random.number(50...80)
        let right = random.number(290...350)
        let bottom = random.number(200...240)
        picture.box(left, top, right, bottom, colour: 3)
        picture.frame(left, top, right, bottom, thickness: 8)
        var x = left
        while x < right - 90 {
            x += random.number(65...105)
            picture.box(x, top, x + 6, bottom, colour: 2)
            picture.box(x, top + random.number(30...90), x + 6, top + 130, colour: 3)
        }
        picture.box(left + 40, bottom - 8, right - 40, bottom, colour: 7)
        for _ in 0..<random.number(7...12) {
            picture.disc(random.number(right + 30...width - 30), random.number(30...height - 30), radius: random.number(9...22))
        }
        return picture
    }

    private mutating func fill(_ colour: (Int, Int) -> UInt8) {
        for y in 0..<height {
            for x in 0..<width { pixels[y * width + x] = colour(x, y) }
        }
    }

    private mutating func box(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int, colour: UInt8) {
        for y in max(top, 0)..<max(min(bottom, height), max(top, 0)) {
            for x in max(left, 0)..<max(min(right, width), max(left, 0)) { pixels[y * width + x] = colour }
        }
    }

    private mutating func frame(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int, thickness: Int) {
        box(left, top, right, top + thickness, colour: 2)
        box(left, bottom - thickness, right, bottom, colour: 2)
        box(left, top, left + thickness, bottom, colour: 2)
        box(right - thickness, top, right, bottom, colour: 2)
    }

    private mutating func disc(_ centreX: Int, _ centreY: Int, radius: Int) {
        for y in max(centreY - radius, 0)..<min(centreY + radius, height) {
            for x in max(centreX - radius, 0)..<min(centreX + radius, width) {
                let distance = (x - centreX) * (x - centreX) + (y - centreY) * (y - centreY)
                if distance < radius * radius { pixels[y * width + x] = distance < radius * radius / 3 ? 6 : 5 }
            }
        }
    }
}

extension DemoPicture {
    /// The picture as PNG (ISO 15948): eight-bit palette, rows unfiltered.
    func png() -> [UInt8] {
        var raw: [UInt8] = []
        raw.reserveCapacity((width + 1) * height)
        for y in 0..<height {
            raw.append(0)
            raw.append(contentsOf: pixels[y * width..<(y + 1) * width])
        }
        var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        file += Self.chunk("IHDR", Self.bigEndian(UInt32(width)) + Self.bigEndian(UInt32(height)) + [8, 3, 0, 0, 0])
        file += Self.chunk("PLTE", palette.flatMap { [$0.0, $0.1, $0.2] })
        file += Self.chunk("IDAT", DemoDeflate.zlib(raw))
        file += Self.chunk("IEND", [])
        return file
    }

    private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let typed = Array(type.utf8) + content
        return bigEndian(UInt32(content.count)) + typed + bigEndian(crc(typed))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 24), UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        var value = UInt32.max
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
        }
        return ~value
    }
}
