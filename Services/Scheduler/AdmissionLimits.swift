/// How much one mailing may hold.
struct AdmissionLimits: Hashable, Sendable {
    /// The most recipients.
    var recipients = 150
    /// The largest body of a request.
    var bodyBytes = 25 << 20

    /// All attachments together: what fits into the body as base64.
    var attachmentBytes: Int { bodyBytes / 4 * 3 }
    let attachments = 100
    /// HTML and text together.
    let contentBytes = 2 << 20
    /// RFC 5322 section 2.1.1.
    let subjectBytes = 998
    let nameBytes = 255
    let labelBytes = 128
    /// An invalid address is kept as it came, up to here.
    let addressBytes = 1000
    let variables = 100
    /// The variables of one recipient, names and values.
    let variableBytes = 64 << 10
    /// The variables of all recipients.
    let allVariableBytes = 4 << 20
    /// The most faults that one refusal lists.
    let faults = 100
}
