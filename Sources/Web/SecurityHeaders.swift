internal import HTTPTypes
internal import Hummingbird

/// What every answer says to browsers; a route's own header wins.
enum SecurityHeaders {
    /// Our pages: nothing but our own files, no inline code, DOM sinks only through the cleaner.
    static let pagePolicy = [
        "default-src 'self'", "img-src 'self' data: blob:", "media-src 'self' blob:", "frame-src 'self' blob:",
        "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'", "trusted-types dompurify",
    ].joined(separator: "; ")

    /// The empty page that shows a message's HTML: nothing is loaded, nothing runs.
    static let messageFramePolicy = [
        "default-src 'none'", "img-src data: blob:", "style-src 'unsafe-inline'", "font-src data:", "frame-ancestors 'self'",
        "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    ].joined(separator: "; ")

    static func complete(_ response: inout Response, isSecure: Bool) {
        set(.contentSecurityPolicy, pagePolicy, &response)
        set(.contentTypeOptions, "nosniff", &response)
        // Not no-referrer: our own requests would then carry `Origin: null`.
        set(.referrerPolicy, "same-origin", &response)
        set(.openerPolicy, "same-origin", &response)
        set(.resourcePolicy, "same-origin", &response)
        set(.permissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=()", &response)
        if isSecure { set(.strictTransportSecurity, "max-age=31536000", &response) }
    }

    private static func set(_ name: HTTPField.Name, _ value: String, _ response: inout Response) {
        if !response.headers.contains(name) { response.headers[name] = value }
    }
}
