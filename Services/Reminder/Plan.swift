import Mail

/// What has to change so that the reminders of a collection are those that it asks for. Pure: the clock comes in.
enum Plan {
    /// One change, with the fact that tells of it.
    struct Change: Hashable, Sendable {
        let reminder: Reminder
        let fact: Fact.Body
        let kind: Kind

        enum Kind: String, CaseIterable, Sendable { case planned, moved, skipped, issued, withdrawn }
    }

    static let tooLate = "Its time had already passed when it was planned."

    /// - Parameters:
    ///   - existing: All reminders of the collection that were ever planned.
    ///   - wanted: Those that it asks for now; none where it was removed.
    ///   - gone: Why a planned one that is not wanted is withdrawn, in words.
    static func changes(
        from existing: [Reminder], to wanted: [Occurrence], at now: Timestamp, gone: (Reminder) -> String
    ) -> [Change] {
        let known = Dictionary(existing.map { ($0.occurrence.id, $0) }) { first, _ in first }
        let kept = Set(wanted.map(\.id))
        let withdrawn = existing.filter { $0.state == .planned && !kept.contains($0.occurrence.id) }
            .map { change($0.occurrence, .withdrawn, gone($0)) }
        return withdrawn + wanted.compactMap { self.change(to: $0, from: known[$0.id], at: now) }
    }

    private static func change(to wanted: Occurrence, from old: Reminder?, at now: Timestamp) -> Change? {
        let isLate = wanted.dueAt <= now
        switch old?.state {
        case .issued: return nil
        case .planned where old?.occurrence.dueAt == wanted.dueAt: return nil
        case .planned where !isLate: return change(wanted, .moved)
        case .skipped where isLate: return nil
        case .planned, .skipped, .withdrawn, nil: return isLate ? change(wanted, .skipped, tooLate) : change(wanted, .planned)
        }
    }

    static func change(_ occurrence: Occurrence, _ kind: Change.Kind, _ detail: String? = nil) -> Change {
        let told = occurrence.told(detail: detail)
        let (state, fact): (Reminder.State, Fact.Body) =
            switch kind {
            case .planned: (.planned, .reminderPlanned(told))
            case .moved: (.planned, .reminderMoved(told))
            case .skipped: (.skipped, .reminderSkipped(told))
            case .issued: (.issued, .reminderIssued(told))
            case .withdrawn: (.withdrawn, .reminderWithdrawn(told))
            }
        return Change(reminder: Reminder(occurrence: occurrence, state: state, detail: detail), fact: fact, kind: kind)
    }
}
