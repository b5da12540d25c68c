import ArgumentParser
import Foundation
import MIME
import Mail
import Runtime

struct Compose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the message that a submission would become.",
        discussion: """
            Reads the body of a POST /v1/mailings and prints the bytes that one recipient's server would get; its envelope goes to \
            standard error. The settings are those of the service; without a secret the links are signed with one that nobody knows \
            and lead nowhere.
            """)

    @Argument(help: "The submission as JSON; - reads standard input.")
    var file: String = "-"

    @Option(help: "The address of the recipient whose message is wanted; the first one where not given.")
    var recipient: String?

    func run() async throws {
        let configuration = try SenderConfiguration.forLooking()
        let submission = try Wire.decode(Submission.self, from: try InputFile.read(file))
        let chosen = submission.recipients.first { recipient == nil || $0.address == recipient }
        guard let chosen else {
            throw ValidationError("The submission has no such recipient; it has \(submission.recipients.count).")
        }
        let mail = try Self.compose(submission, for: chosen, at: TimeSource.system.now(), by: Composer(configuration))
        let envelope = "MAIL FROM:<\(mail.returnPath)>\nRCPT TO:<\(mail.recipient)>\n"
        try FileHandle.standardError.write(contentsOf: Data(envelope.utf8))
        try FileHandle.standardOutput.write(contentsOf: Data(mail.bytes))
    }

    /// What the scheduler's admission, a claim and the composer make of a submission.
    /// - Throws: ``Uncomposable``, `InvalidAddress`, and for fields without a value what admission would say.
    static func compose(
        _ submission: Submission, for recipient: Submission.Recipient, at now: Timestamp, by composer: Composer
    ) throws -> OutgoingMail {
        let attachments = submission.attachments ?? []
        let content = submission.content(attachments: attachments.map { ContentHash(of: $0.content) })
        let job = Job(
            delivery: .derived(from: "compose", recipient.address), attempt: 1, mailing: .derived(from: "compose"),
            organization: "example", kind: submission.kind, audience: submission.effectiveAudience,
            recipient: Mailbox(address: try EmailAddress(recipient.address), name: recipient.name), role: recipient.role ?? .to,
            variables: recipient.variables ?? [:], acceptedAt: now, content: ContentHash(of: try Wire.encode(content)))
        let prepared = try PreparedContent(content)
        let missing = prepared.missing(in: job.variables)
        guard missing.isEmpty else {
            throw Uncomposable("The recipient has no value for \(missing.map { "{{\($0)}}" }.joined(separator: ", ")).")
        }
        return try composer.compose(
            job, prepared,
            attachments: attachments.map {
                Letter.Attachment(name: $0.name, type: $0.type, bytes: [UInt8]($0.content), contentID: $0.contentID)
            })
    }
}

extension SenderConfiguration {
    /// The service's settings for a command that shows what the service would do: makes no folder and needs no secret.
    /// - Throws: `SettingsError`.
    static func forLooking() throws -> SenderConfiguration {
        var environment = ProcessInfo.processInfo.environment
        if environment["WAYBILL_SECRET"] == nil, environment["WAYBILL_SECRET_FILE"] == nil {
            environment["WAYBILL_SECRET"] = UUID().uuidString + UUID().uuidString
        }
        var settings = Settings(environment: environment, makesFolders: false)
        return try SenderConfiguration(&settings)
    }
}

/// The file that a command was given.
enum InputFile {
    /// - Parameter name: `-` for standard input.
    static func read(_ name: String) throws -> Data {
        if name == "-" { return try FileHandle.standardInput.readToEnd() ?? Data() }
        do { return try Data(contentsOf: URL(fileURLWithPath: name)) } catch {
            throw ValidationError("\(name) cannot be read. Name a file, or - for standard input.")
        }
    }
}
