extension Fact: JSONRecord {
    package init(members: inout JSONMembers) throws {
        id = try members.read("id")
        let kind: Kind = try members.read("kind")
        organization = try members.read("organization")
        occurredAt = try members.read("occurredAt")
        body =
            switch kind {
            case .mailingAccepted: .mailingAccepted(try .init(members: &members))
            case .mailingRefused: .mailingRefused(try .init(members: &members))
            case .deliveryScheduled: .deliveryScheduled(try .init(members: &members))
            case .deliveryPending: .deliveryPending(try .init(members: &members))
            case .deliveryCancelled: .deliveryCancelled(try .init(members: &members))
            case .deliveryDropped: .deliveryDropped(try .init(members: &members))
            case .deliveryFailed: .deliveryFailed(try .init(members: &members))
            case .deliveryExpired: .deliveryExpired(try .init(members: &members))
            case .deliveryResolved: .deliveryResolved(try .init(members: &members))
            case .attemptStarted: .attemptStarted(try .init(members: &members))
            case .attemptDelivered: .attemptDelivered(try .init(members: &members))
            case .attemptDeferred: .attemptDeferred(try .init(members: &members))
            case .attemptBounced: .attemptBounced(try .init(members: &members))
            case .attemptUncertain: .attemptUncertain(try .init(members: &members))
            case .attemptAbandoned: .attemptAbandoned(try .init(members: &members))
            case .sessionEnded: .sessionEnded(try .init(members: &members))
            case .messageOpened: .messageOpened(try .init(members: &members))
            case .linkClicked: .linkClicked(try .init(members: &members))
            case .contactUnsubscribed: .contactUnsubscribed(try .init(members: &members))
            case .contactResubscribed: .contactResubscribed(try .init(members: &members))
            case .reminderPlanned: .reminderPlanned(try .init(members: &members))
            case .reminderMoved: .reminderMoved(try .init(members: &members))
            case .reminderSkipped: .reminderSkipped(try .init(members: &members))
            case .reminderIssued: .reminderIssued(try .init(members: &members))
            case .reminderWithdrawn: .reminderWithdrawn(try .init(members: &members))
            }
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("id", id)
        try output.member("kind", kind)
        try output.member("organization", organization)
        try output.member("occurredAt", occurredAt)
        switch body {
        case .mailingAccepted(let body): try body.writeMembers(to: &output)
        case .mailingRefused(let body): try body.writeMembers(to: &output)
        case .deliveryScheduled(let body), .deliveryPending(let body), .deliveryCancelled(let body), .deliveryExpired(let body):
            try body.writeMembers(to: &output)
        case .deliveryDropped(let body): try body.writeMembers(to: &output)
        case .deliveryFailed(let body): try body.writeMembers(to: &output)
        case .deliveryResolved(let body): try body.writeMembers(to: &output)
        case .attemptStarted(let body): try body.writeMembers(to: &output)
        case .attemptDelivered(let body), .attemptDeferred(let body), .attemptBounced(let body), .attemptUncertain(let body),
            .attemptAbandoned(let body):
            try body.writeMembers(to: &output)
        case .sessionEnded(let body): try body.writeMembers(to: &output)
        case .messageOpened(let body): try body.writeMembers(to: &output)
        case .linkClicked(let body): try body.writeMembers(to: &output)
        case .contactUnsubscribed(let body), .contactResubscribed(let body): try body.writeMembers(to: &output)
        case .reminderPlanned(let body), .reminderMoved(let body), .reminderSkipped(let body), .reminderIssued(let body),
            .reminderWithdrawn(let body):
            try body.writeMembers(to: &output)
        }
    }
}
