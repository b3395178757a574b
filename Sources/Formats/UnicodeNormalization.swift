// The standard library normalises to NFC and NFD itself; Foundation on Linux uses this same entry. Full Foundation would cost
// thirty megabytes for this one function.
@_spi(_Unicode) import Swift

extension String {
    /// The text in Unicode's Normalization Form C.
    package var nfc: String {
        // Nothing below U+0300 composes or reorders.
        guard utf8.contains(where: { $0 >= 0xCC }) else { return self }
        var result = String.UnicodeScalarView()
        for scalar in _nfc { result.append(scalar) }
        return String(result)
    }
}
