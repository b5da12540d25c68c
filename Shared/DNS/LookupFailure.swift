/// Why a question to the domain name system has no answer that mail can be sent by.
package enum LookupFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// NXDOMAIN: there is no such name.
    case noSuchName(String)
    /// The name exists, and has no records of the kind.
    case noRecords(String)
    /// A name that cannot stand in a question.
    case unfitName(String)
    /// A host all of whose addresses lead back to the machine that asks, or nowhere.
    case leadsBack(String)
    /// No name server gave an answer, or only that it has none now: asking later may help.
    case unanswered(String, reason: String)
    /// Our side gave up.
    case cancelled

    /// Whether asking again later may bring another answer.
    package var isPassing: Bool {
        switch self {
        case .unanswered, .cancelled: true
        case .noSuchName, .noRecords, .unfitName, .leadsBack: false
        }
    }

    package var description: String {
        switch self {
        case .noSuchName(let name): "\(name) does not exist"
        case .noRecords(let name): "\(name) has no such records"
        case .unfitName(let name): "\(name.debugDescription) is not a domain name"
        case .leadsBack(let name): "\(name) leads back to this machine"
        case .unanswered(let name, let reason): "DNS does not answer for \(name) (\(reason))"
        case .cancelled: "the lookup was cancelled"
        }
    }
}
