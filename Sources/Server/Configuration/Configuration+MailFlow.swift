import Delivery
import Directory

extension Configuration {
    /// What mail flow is told of the configuration.
    var mailFlow: MailFlowConfiguration {
        var mail = MailFlowConfiguration(hostname: hostname, data: data)
        mail.mx = mx.compactMap(ListenAddress.init(parsing:))
        mail.submission = submission.compactMap(ListenAddress.init(parsing:))
        mail.submissions = submissions.compactMap(ListenAddress.init(parsing:))
        mail.lmtp = lmtp.compactMap(ListenAddress.init(parsing:))
        mail.socketmap = socketmap.compactMap(ListenAddress.init(parsing:))
        mail.trustedProxies = trustedProxies.compactMap { ClientNetwork($0) }
        mail.maximumMessageSize = maximumMessageSize
        mail.smartHost = HostPort(parsing: smartHost)
        mail.outboundPort = outboundPort
        mail.policyPort = policyPort
        mail.trustedCertificates = authorities
        mail.dnsServers = dnsServers
        mail.dnsRecords = dnsRecords
        mail.rspamd = rspamd
        mail.rspamdController = rspamdController
        mail.acceptsWithoutRspamd = acceptsWithoutRspamd
        mail.greylistWait = greylistWait
        if !trustAnchors.isEmpty { mail.trustAnchors = trustAnchors }
        return mail
    }
}
