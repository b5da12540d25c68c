import Foundation
import MIME
import Mail
import Runtime

/// What the sandbox's recipients and their servers send back, written as theirs would be.
struct SandboxReturnMail: Sendable {
    /// Empty for the null return path.
    let from: String
    /// The return path of the mail that it answers.
    let to: String
    let bytes: [UInt8]

    /// The mail was taken and turned out to be undeliverable (RFC 3464).
    static func bounce(of mail: OutgoingMail, at now: Timestamp) -> SandboxReturnMail {
        let server = "mx.\(mail.recipient.domain)"
        return report(
            on: mail, from: "Mail Delivery System <MAILER-DAEMON@\(server)>", subject: "Undelivered Mail Returned to Sender",
            type: "delivery-status", at: now,
            words: """
                This is the mail system at host \(server).

                I'm sorry to have to inform you that your message could not
                be delivered to one or more recipients. It's attached below.

                <\(mail.recipient)>: mailbox unavailable: this user has left
                """,
            fields: """
                Reporting-MTA: dns; \(server)
                Arrival-Date: \(date(now))

                Final-Recipient: rfc822; \(mail.recipient)
                Original-Recipient: rfc822;\(mail.recipient)
                Action: failed
                Status: 5.1.1
                Remote-MTA: dns; mailstore.\(mail.recipient.domain)
                Diagnostic-Code: smtp; 550 5.1.1 <\(mail.recipient)> User unknown; this user has left
                Last-Attempt-Date: \(date(now))
                """)
    }

    /// The recipient pressed "spam" and the provider reports it (RFC 5965).
    static func complaint(about mail: OutgoingMail, at now: Timestamp) -> SandboxReturnMail {
        let provider = mail.recipient.domain
        return report(
            on: mail, from: "<feedback@\(provider)>", subject: "FW: spam complaint", type: "feedback-report", at: now,
            words: """
                This is an email abuse report for a message that one of our users
                received on \(date(now)).
                """,
            fields: """
                Feedback-Type: abuse
                User-Agent: Waybill-Sandbox/1
                Version: 1
                Original-Mail-From: <\(mail.returnPath)>
                Original-Rcpt-To: <\(mail.recipient)>
                Arrival-Date: \(date(now))
                Reported-Domain: \(mail.returnPath.split(separator: "@").last ?? "")
                """)
    }

    /// The recipient is away (RFC 3834); `nil` where the mail says that a machine sent it: machines get no answer (section 2).
    static func outOfOffice(to mail: OutgoingMail, at now: Timestamp) -> SandboxReturnMail? {
        do {
            let original = try ReadMessage(headers(of: mail))
            func header(_ name: String) -> String? { original.headers.first { $0.name.lowercased() == name }?.value }
            guard header("auto-submitted").map({ $0.lowercased() == "no" }) ?? true else { return nil }
            var headers = [Letter.Header(name: "Auto-Submitted", value: "auto-replied")]
            if let id = header("message-id") {
                headers += [.init(name: "In-Reply-To", value: id), .init(name: "References", value: id)]
            }
            let letter = Letter(
                from: Mailbox(address: mail.recipient), to: [Mailbox(address: try EmailAddress(mail.returnPath))],
                subject: "Automatic reply: \(original.subject)", date: now,
                messageID: "\(FactID.fresh())@\(mail.recipient.domain)",
                text: "I am out of the office until Monday and will answer your message then.\n", headers: headers)
            return SandboxReturnMail(from: "", to: mail.returnPath, bytes: try letter.compose())
        } catch {
            // A return path or header that no answer can be written to.
            return nil
        }
    }

    /// A multipart/report (RFC 6522) of words for people, fields for machines, and the headers of the mail that it is about.
    private static func report(
        on mail: OutgoingMail, from: String, subject: String, type: String, at now: Timestamp, words: String, fields: String
    ) -> SandboxReturnMail {
        let id = FactID.fresh()
        let boundary = "\(id)/report"
        let lines = """
            Date: \(date(now))
            From: \(from)
            To: <\(mail.returnPath)>
            Subject: \(subject)
            Message-ID: <\(id)@\(mail.recipient.domain)>
            Auto-Submitted: auto-replied
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=\(type);
            \tboundary="\(boundary)"

            This is a MIME-encapsulated message.

            --\(boundary)
            Content-Description: Notification
            Content-Type: text/plain; charset=us-ascii

            \(words)

            --\(boundary)
            Content-Type: message/\(type)

            \(fields)

            --\(boundary)
            Content-Type: text/rfc822-headers


            """
        let head = Array(lines.replacing("\n", with: "\r\n").utf8)
        return SandboxReturnMail(
            from: "", to: mail.returnPath, bytes: head + headers(of: mail) + Array("\r\n--\(boundary)--\r\n".utf8))
    }

    /// With the last line's end, without the empty line.
    private static func headers(of mail: OutgoingMail) -> [UInt8] {
        var position = 0
        while position < mail.bytes.count {
            let line = mail.bytes[position...].prefix { $0 != UInt8(ascii: "\n") }
            if line.elementsEqual([UInt8(ascii: "\r")]) || line.isEmpty { break }
            position += line.count + 1
        }
        return Array(mail.bytes.prefix(position))
    }

    /// RFC 5322 section 3.3.
    private static func date(_ time: Timestamp) -> String {
        var seconds = time_t(time.seconds)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(days[Int(parts.tm_wday) % 7]), \(parts.tm_mday) \(months[Int(parts.tm_mon) % 12]) \(parts.tm_year + 1900) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) +0000"
    }
}
