/// The living inbox that a newcomer finds: the same for everybody, dated relative to the day it is made.
enum DemoContent {
    /// Everything that lies in `person`'s folders, oldest first. `now` is in Unix seconds.
    static func messages(for person: DemoPerson, now: Int64) -> [DemoMessage] {
        []
    }
}
