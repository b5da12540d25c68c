import ArgumentParser
import Foundation
import Mail
import Support

/// Mail from the API to the last row of the history, against what the machine can do at most and against Postfix.
struct PipelineBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "Sends mail through all four services to a sink; the history has to tell of every one.",
        discussion: "Start it as root, as Postfix wants it, and with a release build.")

    @Option(help: "How many mails.")
    var mails = 10_000

    @Option(help: "About the bytes of each on the wire.")
    var size = 4096

    @Option(help: "Senders side by side.")
    var senders = 1

    @Option(help: "Mails at once in each sender.")
    var concurrency = 300

    @Option(help: "The domains that the recipients are spread over.")
    var domains = 20

    @Flag(help: "Have every mail signed with DKIM, RSA of 2048 bits.")
    var dkim = false

    @Flag(inversion: .prefixedNo, help: "Measure the limits in the same run.")
    var limits = true

    @Flag(inversion: .prefixedNo, help: "Have Postfix relay as much in the same run.")
    var postfix = true

    static let durability = """
        202 and every ack after an fsynced SQLite commit (WAL, synchronous=FULL); quorum queues with confirms; \
        the sender's journal saved with fdatasync before each final dot
        """

    private struct Report: Encodable {
        let benchmark = "pipeline"
        let machine: Machine
        let mails: Int
        let concurrency: Int
        let dkim: Bool
        let durability = PipelineBenchmark.durability
        let lost = 0
        let duplicates = 0
        let waybill: PipelineRun.Figures
        let limits: PipelineLimits?
        /// Of the limit that follows from the others, what is reached.
        let shareOfLimit: Double?
        let postfix: PostfixRelay.Figures?
        let timesPostfix: Double?
    }

    func run() async throws {
        let machine = try Machine()
        let node = try await RabbitMQNode.start()
        let figures = try await PipelineRun(
            node: node, mails: mails, size: size, senders: senders, domains: domains, concurrency: concurrency,
            isSigning: dkim
        ).run()
        let folder = try TemporaryFolder()
        let limits =
            self.limits
            ? try await PipelineLimits.measure(
                size: figures.bytesPerMail, mails: mails, isSigning: dkim, node: node, in: folder.url) : nil
        let relay = postfix ? try await PostfixRelay.measure(mails: mails, size: figures.bytesPerMail, in: folder.url) : nil
        let report = Report(
            machine: machine, mails: mails, concurrency: concurrency, dkim: dkim, waybill: figures, limits: limits,
            shareOfLimit: limits.map { Self.ratio(figures.mailsPerSecond, $0.computedMailsPerSecond) }, postfix: relay,
            timesPostfix: relay.map { Self.ratio(figures.mailsPerSecond, $0.mailsPerSecond) })
        print(String(decoding: try Wire.encode(report), as: UTF8.self))
    }

    private static func ratio(_ one: Double, _ other: Double) -> Double { (one / other * 100).rounded() / 100 }
}
