/// The four people of the demo domain.
enum DemoPerson: String, CaseIterable, Sendable {
    case admin, alice, bob, carol

    /// The domain that they all live in.
    static let domain = "demo.test"

    var address: String { "\(rawValue)@\(Self.domain)" }

    var displayName: String {
        switch self {
        case .admin: "Ada Minten"
        case .alice: "Alice Marlow"
        case .bob: "Bob Tanaka"
        case .carol: "Carol Reyes"
        }
    }
}
