import Foundation
import Support
import Testing

@testable import SMTP

/// Mail through a Postfix of our own, with a queue and a configuration of its own.
@Suite(.timeLimit(.minutes(3)), .enabled(if: getuid() == 0, "Postfix starts as root only"))
struct PostfixTests {
    @Test("Postfix takes mail over TLS with the names of notices, passes all of it on unchanged, and refuses what it does not like")
    func relays() async throws {
        let certificate = try TestCertificate()
        let sink = try await Server.start()
        let folder = try TemporaryFolder()
        let postfix = try Postfix(in: folder.url, relayingTo: sink.port, certificate: certificate)
        try postfix.start()
        defer { postfix.stop() }
        try await eventually(within: .seconds(60), "Postfix listens") {
            do { _ = try LoopbackSocket(port: postfix.port) } catch { return false }
            return true
        }
        let endpoint = SMTPEndpoint(
            host: "127.0.0.1", port: postfix.port, security: .required, heloName: "client.test", tlsName: "localhost")
        let session = try await makeClient(trusting: certificate.file).connect(to: endpoint)
        #expect(session.capabilities.deliveryStatusNotifications)
        let head = "From: a@x.test\r\nDate: Sun, 22 Nov 2026 17:00:00 +0000\r\nMessage-ID: <1@x.test>\r\n"
        let small = Array("\(head)Subject: gr\u{FC}\u{DF}e\r\n\r\n.one dot\r\n..two\r\n.\r\n".utf8)
        let large = Array("\(head)Subject: large\r\n\r\n".utf8) + bulk(300_000)
        for (index, message) in [small, large].enumerated() {
            let attempt = await session.send(
                from: "a@x.test", to: "b+\(index)@y.test", message: message, envelopeID: "delivery=\(index)")
            #expect(attempt.outcome.summary == "accepted", "\(attempt.transcript)")
            #expect(attempt.transcript.tlsVersion == "TLSv1.3")
        }
        let refused = await session.send(from: "a@x.test", to: "b@refused.test", message: small)
        guard case .refused(let reply, stage: .recipient) = refused.outcome else {
            Issue.record("\(refused.outcome)")
            return
        }
        #expect(reply.code == 554 && reply.enhanced?.description == "5.7.1")
        #expect(try await sink.hasReceived(2, within: .seconds(60)))
        for received in sink.received {
            let isSmall = received.recipients == ["b+0@y.test"]
            // Postfix puts its Received line in front.
            #expect(received.bytes.suffix(isSmall ? small.count : large.count) == (isSmall ? small : large)[...])
            #expect(received.commands.first?.contains("ENVID=delivery+3D\(isSmall ? 0 : 1)") == true, "\(received.commands)")
            #expect(received.commands.last?.contains("ORCPT=rfc822;b+2B\(isSmall ? 0 : 1)@y.test") == true, "\(received.commands)")
            #expect(received.commands.last?.contains("NOTIFY=FAILURE,DELAY") == true, "\(received.commands)")
        }
        await session.quit()
        await sink.stop()
    }
}

private struct Postfix {
    let port: Int
    private let folder: URL

    init(in folder: URL, relayingTo sink: Int, certificate: TestCertificate) throws {
        self.folder = folder
        port = try Ports.free()
        let files = FileManager.default
        for name in ["", "etc", "queue", "data"] {
            let path = folder.appending(path: name)
            try files.createDirectory(at: path, withIntermediateDirectories: true)
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.path)
        }
        try ChildProcess.run("/bin/chown", ["postfix", folder.appending(path: "data").path])
        let main = """
            compatibility_level = 3.6
            queue_directory = \(folder.path)/queue
            data_directory = \(folder.path)/data
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            setgid_group = postdrop
            myhostname = postfix.test
            mydestination =
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            mynetworks = 127.0.0.0/8
            relayhost = [127.0.0.1]:\(sink)
            smtputf8_enable = yes
            smtpd_tls_security_level = may
            smtpd_tls_chain_files = \(certificate.keyFile), \(certificate.file)
            smtpd_recipient_restrictions = check_recipient_access inline:{refused.test=REJECT}, permit_mynetworks, reject
            alias_maps =
            alias_database =
            maillog_file = \(folder.path)/mail.log
            maillog_file_prefixes = /
            import_environment = MAIL_CONFIG

            """
        let services = """
            127.0.0.1:\(port) inet n - n - - smtpd
            cleanup unix n - n - 0 cleanup
            qmgr unix n - n 300 1 qmgr
            tlsmgr unix - - n 1000? 1 tlsmgr
            rewrite unix - - n - - trivial-rewrite
            bounce unix - - n - 0 bounce
            defer unix - - n - 0 bounce
            trace unix - - n - 0 bounce
            proxymap unix - - n - - proxymap
            smtp unix - - n - - smtp
            relay unix - - n - - smtp
            error unix - - n - - error
            retry unix - - n - - error
            anvil unix - - n - 1 anvil
            scache unix - - n - 1 scache
            postlog unix-dgram n - n - 1 postlogd

            """
        try main.write(to: folder.appending(path: "etc/main.cf"), atomically: true, encoding: .utf8)
        try services.write(to: folder.appending(path: "etc/master.cf"), atomically: true, encoding: .utf8)
    }

    func start() throws {
        try ChildProcess.run("/usr/sbin/postfix", ["-c", folder.appending(path: "etc").path, "start"])
    }

    func stop() {
        do {
            try ChildProcess.run("/usr/sbin/postfix", ["-c", folder.appending(path: "etc").path, "stop"])
        } catch { Issue.record("\(error)") }
    }
}
