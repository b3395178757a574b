internal import Logging
package import MailStore
internal import ServiceLifecycle

/// What a person says a message is.
package enum SpamClass: String, Hashable, Sendable {
    case spam, ham
}

/// Teaches rspamd in the background what people call spam and what not. Nothing of it ever fails or delays what they did.
package struct SpamTeacher: Service, CustomStringConvertible {
    /// One lesson: the message is read when its turn comes.
    private struct Lesson: Sendable {
        let kind: SpamClass
        let message: @Sendable () async throws -> BlobContent
    }

    /// Lessons that wait; further ones are left out.
    private static let maximumWaiting = 2000
    /// Octets of a message worth learning from.
    private static let maximumSize = 10_000_000
    private static let patience = Duration.seconds(30)

    private let client: RspamdClient
    private let endpoint: RspamdClient.Endpoint
    private let logger: Logger
    private let lessons: AsyncStream<Lesson>
    private let queue: AsyncStream<Lesson>.Continuation

    init(client: RspamdClient, endpoint: RspamdClient.Endpoint, logger: Logger) {
        self.client = client
        self.endpoint = endpoint
        self.logger = logger
        (lessons, queue) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
    }

    package var description: String { "spam teacher" }

    /// Takes a lesson, and returns at once.
    ///
    /// - Parameter message: gives the message when it is sent; what it throws ends the lesson
    package func teach(_ kind: SpamClass, _ message: @escaping @Sendable () async throws -> BlobContent) {
        if case .dropped = queue.yield(Lesson(kind: kind, message: message)) { logger.warning("too many messages to learn from") }
    }

    package func run() async throws {
        for await lesson in lessons.cancelOnGracefulShutdown() { await send(lesson) }
    }

    private func send(_ lesson: Lesson) async {
        do {
            let content = try await lesson.message()
            guard content.size <= Self.maximumSize else { return }
            let answer = try await client.post(
                lesson.kind == .spam ? "/learnspam" : "/learnham", to: endpoint, MessagePieces(content), within: Self.patience)
            // 208: known already; 204: refused for a reason of its own, such as too little text.
            let isLearnt = [200, 204, 208].contains(answer.status)
            logger.log(
                level: isLearnt ? .info : .warning, isLearnt ? "message learnt" : "message not learnt",
                metadata: ["class": "\(lesson.kind)", "status": "\(answer.status)"])
        } catch {
            logger.warning("message not learnt", metadata: ["class": "\(lesson.kind)", "reason": "\(error)"])
        }
    }
}
