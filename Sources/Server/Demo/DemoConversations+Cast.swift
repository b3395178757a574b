/// Everybody whom the scripts name by a short word.
enum DemoCast {
    /// Display name and address of `name`; the demo's own people included.
    static func person(_ name: String) -> (name: String, address: String) {
        if let own = DemoPerson(rawValue: name) { return (own.displayName, own.address) }
        guard let found = outsiders[name] else { preconditionFailure("The demo's script names a stranger: \(name)") }
        return found
    }

    static let outsiders: [String: (name: String, address: String)] = [
        "team": ("Studio team", "team@demo.test"),
        "greta": ("Greta Lindqvist", "greta@lindqvist.example"),
        "omar": ("Omar Haddad", "omar@haddad-stone.example"),
        "omar.private": ("عمر حداد", "omar@haddad.example"),
        "kaito": ("Kaito Mori", "kaito@morimodels.example"),
        "billing.harbour": ("Ngozi Okafor", "n.okafor@harbour-housing.example"),
        "linnea": ("Linnéa Ekström", "linnea.ekstrom@westschool.example"),
        "mira": ("Mira Sandoval", "mira.sandoval@mailbox.example"),
        "landlord": ("Brandt Property", "h.brandt@brandt-property.example"),
        "mum": ("Ruth Marlow", "ruth@marlow.example"),
        "finn": ("Finn Tanaka", "finn@tanaka.example"),
        "choir": ("Henrike Voss", "henrike@chamber-choir.example"),
        "choir.list": ("Chamber Choir", "singers@chamber-choir.example"),
        "ines": ("Inês Carvalho", "ines@carvalho.example"),
        "tomasz": ("Tomasz Wójcik", "tomasz@wojcik.example"),
        "ruben": ("Ruben Aldana", "ruben@littlekeys.example"),
        "cafe": ("Repair Café Southside", "hello@repaircafe-southside.example"),
        "neighbour": ("Sabine Lorenz", "sabine.lorenz@mailbox.example"),
        "jonas": ("Jonas Peeters", "jonas@peeters.example"),
        "jonas.list": ("Class of then", "class@peeters.example"),
        "redaktion": ("Johanna Weiss", "weiss@margin-magazine.example"),
        "yuki": ("中村 由紀", "yuki@nakamura.example"),
        "noa": ("נועה לוי", "noa@levi.example"),
        "nadia": ("Надежда Волкова", "nadia@volkova.example"),
        "eleni": ("Ελένη Παπαδάκη", "eleni@papadaki.example"),
        "wang": ("王小明", "xiaoming@wang.example"),
        "minjun": ("김민준", "minjun@kim.example"),
        "malee": ("มาลี สุขใจ", "malee@sukjai.example"),
        "asha": ("आशा वर्मा", "asha@varma.example"),
        "juergen": ("Jürgen Groß", "juergen@gross-fenster.example"),
        "camille": ("Camille Béranger", "camille@beranger.example"),
        "timber-frames": ("Timber frames", "timber-frames@lists.example"),
        "garden-history": ("Garden history", "garden-history@lists.example"),
        "mail-operators": ("Mail operators", "mail-operators@lists.example"),
        "list.petra": ("Petra Vogel", "petra@vogel-timber.example"),
        "list.aurel": ("Aurel Popescu", "aurel@popescu.example"),
        "list.hamish": ("Hamish Reid", "hamish@reid.example"),
        "list.ida": ("Ida Holm", "ida@holm.example"),
        "list.winifred": ("Winifred Ashby", "w.ashby@ashby.example"),
        "list.florian": ("Florian Keller", "florian@keller.example"),
        "list.soledad": ("Soledad Ibarra", "soledad@ibarra.example"),
        "list.jorn": ("Jørn Dahl", "jorn@dahl-hosting.example"),
        "list.priya": ("Priya Raman", "priya@raman.example"),
        "list.dov": ("Dov Abrams", "dov@abrams.example"),
    ]

    /// Who reads which list.
    static let subscribers: [String: [DemoPerson]] = [
        "team": DemoPerson.allCases,
        "timber-frames": [.bob],
        "garden-history": [.alice, .carol],
        "mail-operators": [.admin],
    ]
}
