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

    /// Anything else, should it ever be shown as a page.
    static let dataPolicy = "default-src 'none'; frame-ancestors 'none'"

    static func complete(_ response: inout Response, isSecure: Bool) {
        set(.contentTypeOptions, "nosniff", &response)
        set(.resourcePolicy, "same-origin", &response)
        if isSecure { set(.strictTransportSecurity, "max-age=31536000", &response) }
        switch kind(of: response) {
        case .page:
            set(.contentSecurityPolicy, pagePolicy, &response)
            // Not no-referrer: our own requests would then carry `Origin: null`.
            set(.referrerPolicy, "same-origin", &response)
            set(.openerPolicy, "same-origin", &response)
            set(.permissionsPolicy, "camera=(), geolocation=(), microphone=(), payment=(), usb=()", &response)
        case .data: set(.contentSecurityPolicy, dataPolicy, &response)
        case .part: break
        }
    }

    /// What a browser may make of an answer. A page loads some sixty files, so each header of theirs counts.
    private enum Kind {
        case page
        case data
        /// Part of a page, which no policy could concern.
        case part
    }

    private static func kind(of response: Response) -> Kind {
        guard let type = response.headers[.contentType] else { return response.status == .notModified ? .part : .data }
        if type.hasPrefix("text/html") { return .page }
        let parts = ["text/css", "font/", "text/javascript"]
        if parts.contains(where: type.hasPrefix) { return .part }
        return .data
    }

    private static func set(_ name: HTTPField.Name, _ value: String, _ response: inout Response) {
        if !response.headers.contains(name) { response.headers[name] = value }
    }
}
