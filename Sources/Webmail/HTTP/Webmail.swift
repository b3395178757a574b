package import Delivery
package import Directory
internal import Disk
internal import Formats
internal import HTTPTypes
internal import Hummingbird
internal import JMAP
package import Logging
package import MailStore
package import ServiceLifecycle
package import Web

/// The webmail's side of the server: JMAP (RFC 8620, 8621) for mail and submission, its blobs and its events.
package struct Webmail: Sendable {
    let directory: Directory
    let accounts: MailAccounts
    let dispatcher: Dispatcher<WebmailScope>
    let limits: Limits
    /// Scheme and authority that clients are told, without a final slash; empty: as they asked.
    let publicURL: String
    /// Where uploads are written until the store has them.
    let spoolFolder: String
    let images: ImageProxy
    let logger: Logger
    private let tracker: SubmissionTracker
    private let push: PushService
    let requests: RequestGate
    let uploads: RequestGate
    let listeners: RequestGate

    /// - Parameters:
    ///   - teacher: learns what is moved to Junk and out of it.
    ///   - publicURL: `http.url` of the configuration; empty when unknown.
    ///   - spoolFolder: an existing folder on the disk of the accounts, for uploads under way.
    ///   - pushTrust: a file of certificates that push is to trust beside the system's; it then goes to any address. For tests.
    package init(
        directory: Directory, accounts: MailAccounts, submitter: Submitter, teacher: SpamTeacher? = nil,
        publicURL: String = "", spoolFolder: String, pushTrust: String? = nil, logger: Logger
    ) {
        self.directory = directory
        self.accounts = accounts
        self.publicURL = publicURL
        self.spoolFolder = spoolFolder
        self.logger = logger
        limits = Limits()
        push = PushService(
            accounts: accounts, directory: directory, client: PushClient(trustFile: pushTrust), logger: logger)
        dispatcher = Self.dispatcher(submitter: submitter, teacher: teacher, push: push, directory: directory)
        images = ImageProxy(logger: logger)
        tracker = SubmissionTracker(submitter: submitter, directory: directory, accounts: accounts, logger: logger)
        requests = RequestGate(limit: limits.maxConcurrentRequests)
        uploads = RequestGate(limit: limits.maxConcurrentUpload)
        listeners = RequestGate(limit: 32)
    }

    /// Every method of the API.
    static func dispatcher(
        submitter: Submitter, teacher: SpamTeacher? = nil, push: PushService, directory: Directory
    ) -> Dispatcher<WebmailScope> {
        let mailbox = MailboxType()
        let thread = ThreadType()
        let email = EmailType(teacher: teacher)
        let identity = IdentityType()
        let submission = EmailSubmissionType(submitter: submitter)
        let script = SieveScriptType()
        let vacation = VacationResponseType()
        return Dispatcher(methods: [
            Echo<WebmailScope>(), BlobCopy(),
            GetMethod(mailbox), ChangesMethod(mailbox), QueryMethod(mailbox), QueryChangesMethod(mailbox),
            SetMethod(mailbox),
            GetMethod(thread), ChangesMethod(thread),
            GetMethod(email), ChangesMethod(email), QueryMethod(email), QueryChangesMethod(email), SetMethod(email),
            CopyMethod(email), EmailImport(), EmailParse(), SearchSnippetGet(),
            GetMethod(identity), ChangesMethod(identity), SetMethod(identity),
            GetMethod(submission), ChangesMethod(submission), QueryMethod(submission), QueryChangesMethod(submission),
            SetMethod(submission),
            GetMethod(script), SetMethod(script), QueryMethod(script), SieveScriptValidate(),
            GetMethod(vacation), SetMethod(vacation),
            PushSubscriptionGet(directory: directory), PushSubscriptionSet(directory: directory, push: push),
        ])
    }

    /// What must run for as long as the server does.
    package var services: [any Service] { [tracker, push] }

    package func addRoutes(to routes: Routes) {
        routes.open.get("/.well-known/jmap") { _, _ in
            Response(status: .temporaryRedirect, headers: [.location: "/jmap/session", .cacheControl: "no-cache"])
        }
        let jmap = routes.signedIn(basic: true)
        jmap.get("/jmap/session") { request, context in try self.session(request, context) }
        jmap.post("/jmap/api") { request, context in try await self.api(request, context) }
        jmap.post("/jmap/upload/{accountId}") { request, context in try await self.upload(request, context) }
        jmap.get("/jmap/download/{accountId}/{blobId}/{name}") { request, context in
            try await self.download(request, context)
        }
        jmap.get("/jmap/events") { request, context in try await self.events(request, context) }
        routes.signedIn().get("/api/v1/image") { request, context in try await self.images.respond(to: request) }
    }

    /// The own account of whoever asks.
    func account(_ context: AppContext) async throws -> WebmailAccount {
        let owner = try context.account
        let mail: MailAccount
        do { mail = try await accounts.account(for: AccountKey(owner.address)) } catch {
            logger.error("account cannot be opened", metadata: ["account": "\(owner.address)", "error": "\(error)"])
            throw Web.Problem(.serviceUnavailable, code: "accountUnavailable")
        }
        guard let account = WebmailAccount(owner: owner, mail: mail, policy: SenderPolicy(directory.snapshot)) else {
            throw Web.Problem(.internalServerError)
        }
        return account
    }

    /// Refuses a path that names another account than the own.
    func requireOwnAccount(_ context: AppContext) throws {
        guard try context.pathParameter("accountId") == context.account.id.rawValue else {
            throw Web.Problem(.notFound, code: "accountNotFound", detail: "There is no such account.")
        }
    }
}
