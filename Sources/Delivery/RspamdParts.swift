internal import Disk
internal import Logging
internal import ServiceLifecycle

/// What the configuration makes of rspamd: one connection pool, and who uses it.
struct RspamdParts: Sendable {
    let scorer: RspamdScorer?
    /// Nil: there is nobody to teach.
    let teacher: SpamTeacher?
    let health: RspamdHealth
    let services: [any Service]

    init(_ configuration: MailFlowConfiguration, _ logger: Logger) {
        let client = RspamdClient()
        var services: [any Service] = []
        var scorer: RspamdScorer?
        var teacher: SpamTeacher?
        let health = RspamdHealth(logger: logger)
        if !configuration.rspamd.isEmpty {
            let endpoint = RspamdClient.Endpoint(configuration.rspamd)
            scorer = RspamdScorer(client: client, endpoint: endpoint, health: health)
            services.append(RspamdWatch(client: client, endpoint: endpoint, health: health))
        }
        if !configuration.rspamdController.isEmpty {
            let new = SpamTeacher(
                client: client, endpoint: RspamdClient.Endpoint(configuration.rspamdController), logger: logger)
            teacher = new
            services.append(new)
        }
        (self.scorer, self.teacher, self.health, self.services) = (scorer, teacher, health, services)
    }

    /// Nobody is greylisted where nothing is scored.
    func greylist(_ configuration: MailFlowConfiguration, _ logger: Logger) throws(StoreError) -> Greylist? {
        guard scorer != nil else { return nil }
        var timing = GreylistTiming()
        timing.wait = configuration.greylistWait
        return try Greylist(path: "\(configuration.data)/greylist.sqlite", timing: timing, logger: logger)
    }
}
