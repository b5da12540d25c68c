import Foundation
import Support

/// Postfix with a queue and a configuration of its own, which hands everything to the sink: default durability, 20 sessions in, its
/// default number of connections out.
struct PostfixRelay {
    struct Figures: Encodable {
        let version: String
        let mailsPerSecond: Double
        /// From the first connection to the last mail at the sink.
        let seconds: Double
        let processorMicrosecondsPerMail: Int
        let durability = "queue files fsynced before each 250 (Postfix's default)"
    }

    private let folder: URL
    private let port: Int

    private init(in folder: URL, relayingTo sink: Int) throws {
        self.folder = folder
        port = try Ports.free()
        let files = FileManager.default
        for name in ["", "etc", "queue", "data"] {
            try files.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.appending(path: name).path)
        }
        try ChildProcess.run("/bin/chown", ["postfix", path("data")])
        try Self.main(folder: folder.path, sink: sink).write(toFile: path("etc/main.cf"), atomically: true, encoding: .utf8)
        try Self.services(port: port).write(toFile: path("etc/master.cf"), atomically: true, encoding: .utf8)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    static func measure(mails: Int, size: Int, in folder: URL) async throws -> Figures {
        let sink = try await Sink.start(in: folder)
        let relay = try PostfixRelay(in: folder.appending(path: "postfix"), relayingTo: sink.port)
        try ChildProcess.run("/usr/sbin/postfix", ["-c", relay.path("etc"), "start"])
        do {
            let figures = try await relay.measure(mails: mails, size: size, sink: sink)
            try ChildProcess.run("/usr/sbin/postfix", ["-c", relay.path("etc"), "stop"])
            return figures
        } catch {
            try ChildProcess.run("/usr/sbin/postfix", ["-c", relay.path("etc"), "abort"])
            throw error
        }
    }

    private func measure(mails: Int, size: Int, sink: Sink) async throws -> Figures {
        let text = try String(contentsOfFile: path("queue/pid/master.pid"), encoding: .utf8)
        guard let master = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Trouble("Postfix does not run.")
        }
        try await eventually(within: .seconds(30), "Postfix listens") {
            do { _ = try LoopbackSocket(port: port) } catch { return false }
            return true
        }
        let before = try ProcessorTime.readFamily(of: master)
        let start = Date().timeIntervalSince1970
        _ = try await SMTPSource(port: port, size: size, mails: mails).run()
        try await eventually(within: .seconds(600), "Postfix has relayed everything") {
            try await Task.sleep(for: .milliseconds(50))
            return await sink.count() ?? 0 >= mails
        }
        let used = try ProcessorTime.readFamily(of: master) - before
        let taken = try await sink.stop()
        let recipients = Set(taken.map(\.recipient))
        guard recipients.count == mails, taken.count == mails else {
            throw Trouble("No figures: Postfix was given \(mails) mails; \(taken.count) came, for \(recipients.count) recipients.")
        }
        let seconds = (taken.map(\.takenAt).max() ?? start) - start
        let version = try ChildProcess.run("/usr/sbin/postconf", ["-h", "mail_version"])
        return Figures(
            version: String(decoding: version, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines),
            mailsPerSecond: (Double(mails) / seconds * 10).rounded() / 10, seconds: (seconds * 1000).rounded() / 1000,
            processorMicrosecondsPerMail: Int((used / Double(mails) * 1e6).rounded()))
    }

    private static func main(folder: String, sink: Int) -> String {
        """
        compatibility_level = 3.6
        queue_directory = \(folder)/queue
        data_directory = \(folder)/data
        command_directory = /usr/sbin
        daemon_directory = /usr/lib/postfix/sbin
        mail_owner = postfix
        setgid_group = postdrop
        myhostname = benchmark.example.com
        mydestination =
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        mynetworks = 127.0.0.0/8
        relayhost = [127.0.0.1]:\(sink)
        smtp_tls_security_level = none
        smtpd_tls_security_level = none
        smtpd_relay_restrictions = permit_mynetworks, reject
        smtpd_client_connection_count_limit = 0
        alias_maps =
        alias_database =
        maillog_file = \(folder)/mail.log
        maillog_file_prefixes = /
        import_environment = MAIL_CONFIG

        """
    }

    private static func services(port: Int) -> String {
        """
        127.0.0.1:\(port) inet n - n - - smtpd
        pickup unix n - n 60 1 pickup
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 300 1 qmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        verify unix - - n - 1 verify
        flush unix n - n 1000? 0 flush
        proxymap unix - - n - - proxymap
        smtp unix - - n - - smtp
        relay unix - - n - - smtp
        showq unix n - n - - showq
        error unix - - n - - error
        retry unix - - n - - error
        anvil unix - - n - 1 anvil
        scache unix - - n - 1 scache
        postlog unix-dgram n - n - 1 postlogd

        """
    }
}
