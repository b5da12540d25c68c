// How the bodies of facts stand on the wire: members in the order of their properties, what is absent left out.

/// The fact's own `kind` stands beside these members, so the mailing's kind is written `mailingKind`.
extension MailingAccepted: JSONRecord {
    package init(members: inout JSONMembers) throws {
        mailing = try members.read("mailing")
        kind = try members.read("mailingKind")
        name = try members.read("name")
        audience = try members.read("audience")
        collection = try members.readIfAny("collection")
        sendAt = try members.readIfAny("sendAt")
        whenUncertain = try members.read("whenUncertain")
        content = try members.decode("content")
        recipients = try members.read("recipients")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("mailing", mailing)
        try output.member("mailingKind", kind)
        try output.member("name", name)
        try output.member("audience", audience)
        try output.member("collection", collection)
        try output.member("sendAt", sendAt)
        try output.member("whenUncertain", whenUncertain)
        try output.member("content", coding: content)
        try output.member("recipients", recipients)
    }
}

extension MailingAccepted.Recipient: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        address = try members.read("address")
        name = try members.readIfAny("name")
        role = try members.read("role")
        variables = try members.readIfAny("variables")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("address", address)
        try output.member("name", name)
        try output.member("role", role)
        try output.member("variables", variables)
    }
}

extension MailingRefused: JSONRecord {
    package init(members: inout JSONMembers) throws {
        mailing = try members.read("mailing")
        problems = try members.read("problems")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("mailing", mailing)
        try output.member("problems", problems)
    }
}

extension DeliveryMoved: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        mailing = try members.read("mailing")
        attempt = try members.read("attempt")
        dueAt = try members.readIfAny("dueAt")
        by = try members.readIfAny("by")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
        try output.member("attempt", attempt)
        try output.member("dueAt", dueAt)
        try output.member("by", by)
    }
}

extension DeliveryDropped: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        mailing = try members.read("mailing")
        reason = try members.read("reason")
        detail = try members.readIfAny("detail")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
        try output.member("reason", reason)
        try output.member("detail", detail)
    }
}

extension DeliveryFailed: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        mailing = try members.read("mailing")
        reason = try members.read("reason")
        detail = try members.readIfAny("detail")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
        try output.member("reason", reason)
        try output.member("detail", detail)
    }
}

extension DeliveryResolved: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        mailing = try members.read("mailing")
        attempt = try members.read("attempt")
        delivered = try members.read("delivered")
        by = try members.readIfAny("by")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
        try output.member("attempt", attempt)
        try output.member("delivered", delivered)
        try output.member("by", by)
    }
}

extension AttemptStarted: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        mailing = try members.read("mailing")
        attempt = try members.read("attempt")
        session = try members.read("session")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
        try output.member("attempt", attempt)
        try output.member("session", session)
    }
}

extension AttemptEnded: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        mailing = try members.read("mailing")
        attempt = try members.read("attempt")
        session = try members.read("session")
        startedAt = try members.readIfAny("startedAt")
        reply = try members.readIfAny("reply")
        verdict = try members.readIfAny("verdict")
        detail = try members.readIfAny("detail")
        retryAfterSeconds = try members.readIfAny("retryAfterSeconds")
        peer = try members.readIfAny("peer")
        tls = try members.readIfAny("tls")
        transcript = try members.readIfAny("transcript")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
        try output.member("attempt", attempt)
        try output.member("session", session)
        try output.member("startedAt", startedAt)
        try output.member("reply", reply)
        try output.member("verdict", verdict)
        try output.member("detail", detail)
        try output.member("retryAfterSeconds", retryAfterSeconds)
        try output.member("peer", peer)
        try output.member("tls", tls)
        try output.member("transcript", transcript)
    }
}

extension SessionEnded: JSONRecord {
    package init(members: inout JSONMembers) throws {
        session = try members.read("session")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("session", session)
    }
}

extension MessageOpened: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        userAgent = try members.readIfAny("userAgent")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("userAgent", userAgent)
    }
}

extension LinkClicked: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        link = try members.read("link")
        target = try members.read("target")
        userAgent = try members.readIfAny("userAgent")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("link", link)
        try output.member("target", target)
        try output.member("userAgent", userAgent)
    }
}

extension ContactChanged: JSONRecord {
    package init(members: inout JSONMembers) throws {
        address = try members.read("address")
        delivery = try members.readIfAny("delivery")
        mailing = try members.readIfAny("mailing")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("address", address)
        try output.member("delivery", delivery)
        try output.member("mailing", mailing)
    }
}

extension ReminderMoved: JSONRecord {
    package init(members: inout JSONMembers) throws {
        reminder = try members.read("reminder")
        collection = try members.read("collection")
        expiresOn = try members.read("expiresOn")
        daysBefore = try members.read("daysBefore")
        dueAt = try members.read("dueAt")
        mailing = try members.readIfAny("mailing")
        recipient = try members.readIfAny("recipient")
        detail = try members.readIfAny("detail")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("reminder", reminder)
        try output.member("collection", collection)
        try output.member("expiresOn", expiresOn)
        try output.member("daysBefore", daysBefore)
        try output.member("dueAt", dueAt)
        try output.member("mailing", mailing)
        try output.member("recipient", recipient)
        try output.member("detail", detail)
    }
}
