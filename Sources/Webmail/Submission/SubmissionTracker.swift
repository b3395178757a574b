internal import Delivery
internal import Directory
internal import Disk
internal import JMAP
internal import Logging
internal import MailStore
internal import ServiceLifecycle

/// Writes what becomes of submissions into the accounts' records, so that their state moves and clients hear of it.
struct SubmissionTracker: Service {
    private let submitter: Submitter
    private let directory: Directory
    private let accounts: MailAccounts
    private let logger: Logger

    init(submitter: Submitter, directory: Directory, accounts: MailAccounts, logger: Logger) {
        self.submitter = submitter
        self.directory = directory
        self.accounts = accounts
        self.logger = logger
    }

    func run() async throws {
        for await update in submitter.updates().cancelOnGracefulShutdown() {
            do throws(StoreError) { try await record(update) } catch {
                logger.warning(
                    "delivery status not recorded", metadata: ["queue.id": "\(update.id)", "error": "\(error)"])
            }
        }
    }

    private func record(_ update: SubmissionUpdate) async throws(StoreError) {
        guard let owner = directory.snapshot.account(id: update.account) else { return }
        let account = try await accounts.account(for: AccountKey(owner.address))
        let id = "S" + update.id.rawValue
        // Submissions by SMTP have no record, and get none.
        guard var stored = try? await account.jsonRecord(.emailSubmission, id), stored["undoStatus"] != "canceled" else {
            return
        }
        let before = stored
        for (name, value) in EmailSubmissionType.statusProperties(update.status) { stored[name] = value }
        if stored != before { try await account.put(.emailSubmission, id, stored) }
    }
}

