import Broker
import Crypto
import CryptoExtras
import Foundation
import GRDB
import Mail
import Store
import Support

/// What the parts of the machine can do at most, each alone.
struct PipelineLimits: Encodable {
    /// `smtp-source` to the sink over 20 kept connections.
    let smtp: Cost
    /// A bare C loop: a message of 1 KB published to a quorum queue with confirms, consumed and acked.
    let amqp: Cost
    /// Rows of 700 bytes, 256 in one transaction, with the services' settings.
    let sqlite: Cost
    /// A signature of RSA with 2048 bits, which every mail has; absent where they are not signed.
    let signature: Cost?
    let computedMailsPerSecond: Double
    let formula = """
        processors x 1,000,000 / (smtp + amqp + \(rowsPerMail) x sqlite + signature) microseconds: each mail is spoken over SMTP once, \
        handed from one service to another in at least one message, and stands in the scheduler's ledger once and in the history \
        with its delivery and three facts
        """

    static let rowsPerMail = 5

    struct Cost: Encodable {
        let perSecond: Double
        /// Of client and server together.
        let processorMicroseconds: Double

        init(count: Int, seconds: Double, processorSeconds: Double) {
            perSecond = (Double(count) / seconds).rounded()
            processorMicroseconds = (processorSeconds / Double(count) * 1e7).rounded() / 10
        }
    }

    static func measure(
        size: Int, mails: Int, isSigning: Bool, node: RabbitMQNode, in folder: URL
    ) async throws -> PipelineLimits {
        let smtp = try await measureSMTP(size: size, mails: mails, in: folder)
        let amqp = try await measureAMQP(node: node, messages: 20_000)
        let sqlite = try await measureSQLite(rows: 50 * 1024, in: folder)
        let signature = isSigning ? try measureSigning(signatures: 1000) : nil
        let perMail =
            smtp.processorMicroseconds + amqp.processorMicroseconds + Double(rowsPerMail) * sqlite.processorMicroseconds
            + (signature?.processorMicroseconds ?? 0)
        return PipelineLimits(
            smtp: smtp, amqp: amqp, sqlite: sqlite, signature: signature,
            computedMailsPerSecond: (Double(ProcessInfo.processInfo.activeProcessorCount) * 1e6 / perMail).rounded())
    }

    private static func measureSMTP(size: Int, mails: Int, in folder: URL) async throws -> Cost {
        let sink = try await Sink.start(in: folder)
        let before = try ProcessorTime.read(["sink": sink.process.id]).seconds.values.reduce(0, +)
        let run = try await SMTPSource(port: sink.port, size: size, mails: mails).run()
        let used = try ProcessorTime.read(["sink": sink.process.id]).seconds.values.reduce(0, +) - before + run.processorSeconds
        let taken = try await sink.stop()
        guard Set(taken.map(\.recipient)).count == mails, taken.count == mails else {
            throw Trouble("smtp-source sent \(mails) mails and the sink has \(taken.count).")
        }
        return Cost(count: mails, seconds: run.seconds, processorSeconds: used)
    }

    private static func measureAMQP(node: RabbitMQNode, messages: Int) async throws -> Cost {
        let address = try BrokerAddress(try await node.makeVirtualHost())
        let beam = try node.processID ?? 0
        try await BareBroker.declareTopology(at: address)
        let before = try ProcessorTime.read(["beam": beam, "loop": getpid()]).seconds.values.reduce(0, +)
        let bare = try await BareBroker(port: node.port, virtualHost: address.virtualHost).run(
            messages: messages, bytes: 1024, window: 1000)
        let used = try ProcessorTime.read(["beam": beam, "loop": getpid()]).seconds.values.reduce(0, +) - before
        return Cost(count: messages, seconds: bare.publishing + bare.consuming, processorSeconds: used)
    }

    private static func measureSigning(signatures: Int) throws -> Cost {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let before = try ProcessorTime.read(["self": getpid()]).seconds.values.reduce(0, +)
        let time = try ContinuousClock().measure {
            for number in 0..<signatures {
                let digest = SHA256.hash(data: Data("\(number)".utf8))
                _ = try key.signature(for: digest, padding: .insecurePKCS1v1_5)
            }
        }
        let used = try ProcessorTime.read(["self": getpid()]).seconds.values.reduce(0, +) - before
        return Cost(count: signatures, seconds: time / .seconds(1), processorSeconds: used)
    }

    private static func measureSQLite(rows: Int, in folder: URL) async throws -> Cost {
        let store = try StoreFile.open(
            in: folder, name: "limit",
            migrations: [
                Migration(
                    "rows",
                    sql: "CREATE TABLE rows (number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, body TEXT NOT NULL) STRICT")
            ], logger: .silent)
        let body = String(repeating: "x", count: 700)
        let before = try ProcessorTime.read(["self": getpid()])
        let time = try await ContinuousClock().measure {
            for _ in 0..<rows / 256 {
                try await store.write { database in
                    let statement = try database.cachedStatement(sql: "INSERT INTO rows (id, body) VALUES (?, ?)")
                    for _ in 0..<256 {
                        try statement.execute(arguments: [Data(DeliveryID.derived(from: UUID().uuidString).bytes), body])
                    }
                }
            }
        }
        let used = Double(try ProcessorTime.read(["self": getpid()]).perMail(since: before, count: 1)["self"] ?? 0) / 1e6
        try store.close()
        return Cost(count: rows / 256 * 256, seconds: time / .seconds(1), processorSeconds: used)
    }
}
