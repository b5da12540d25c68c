import SMTP

/// How a transport's handing over of one message ended, with the conversation.
struct Handover: Sendable {
    var outcome: SMTPOutcome
    /// Host and port that were spoken to.
    var peer: String?
    /// Version and cipher.
    var tls: String?
    var transcript: String
}

extension Handover {
    init(_ outcome: SMTPOutcome, _ transcript: SMTPTranscript) {
        self.init(
            outcome: outcome, peer: transcript.peer,
            tls: transcript.tlsVersion.map { version in transcript.cipher.map { "\(version) \($0)" } ?? version },
            transcript: transcript.description)
    }
}
