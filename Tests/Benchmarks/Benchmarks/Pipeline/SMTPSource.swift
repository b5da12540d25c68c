import Foundation
import Support

/// Postfix's own generator of mail.
struct SMTPSource {
    let port: Int
    let size: Int
    let mails: Int

    /// Sends every mail to a recipient of its own, over 20 connections that are kept.
    func run() async throws -> (seconds: Double, processorSeconds: Double) {
        let before = Self.childrensTime()
        let start = ContinuousClock.now
        let source = try ChildProcess(
            "/usr/sbin/smtp-source",
            [
                "-d", "-N", "-s", "20", "-m", "\(mails)", "-l", "\(size)", "-f", "studio@example.com", "-t", "guest@example.net",
                "127.0.0.1:\(port)",
            ], output: .kept)
        let (status, printed) = try await source.finish(within: .seconds(600))
        guard status == 0 else {
            throw Trouble("smtp-source ended with status \(status): \(String(decoding: printed, as: UTF8.self))")
        }
        return ((ContinuousClock.now - start) / .seconds(1), Self.childrensTime() - before)
    }

    /// Of children that have ended.
    private static func childrensTime() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
