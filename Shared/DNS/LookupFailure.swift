/// Why a question to the domain name system has no answer that mail can be sent by.
package enum LookupFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// NXDOMAIN: there is no such name.
    case noSuchName(String)
    /// The name exists, and has no records of the kind.
    case noRecords(String)
    /// A name that cannot stand in a question.
    case unfitName(String)
    /// No name server gave an answer, or only that it has none now: asking later may help.
    case unanswered(String, reason: String)
    /// Our side gave up.
    case cancelled

    /// Whether asking again later may bring another answer.
    package var isPassing: Bool {
        switch self {
        case .unanswered, .cancelled: true
        case .noSuchName, .noRecords, .unfitName: false
        }
    }

    package var description: String {
        switch self {
        case .noSuchName(let name): "\(name) does not exist"
        case .noRecords(let name): "\(name) has no such records"
        case .unfitName(let name): "\(name.debugDescription) is not a domain name"
        case .unanswered(let name, let reason): "DNS does not answer for \(name) (\(reason))"
        case .cancelled: "the lookup was cancelled"
        }
    }
}
