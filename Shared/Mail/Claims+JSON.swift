// How tickets and claims stand on the wire.

extension Ticket: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        attempt = try members.read("attempt")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("attempt", attempt)
    }
}

extension ClaimRequest: JSONRecord {
    package init(members: inout JSONMembers) throws {
        session = try members.read("session")
        slots = try members.read("slots")
        tickets = try members.read("tickets")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("session", session)
        try output.member("slots", slots)
        try output.member("tickets", tickets)
    }
}

extension ClaimAnswer: JSONRecord {
    package init(members: inout JSONMembers) throws {
        jobs = try members.read("jobs")
        refusals = try members.read("refusals")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("jobs", jobs)
        try output.member("refusals", refusals)
    }
}

extension Job: JSONRecord {
    package init(members: inout JSONMembers) throws {
        delivery = try members.read("delivery")
        attempt = try members.read("attempt")
        mailing = try members.read("mailing")
        organization = try members.read("organization")
        kind = try members.read("kind")
        audience = try members.read("audience")
        recipient = try members.read("recipient")
        role = try members.read("role")
        variables = try members.read("variables")
        acceptedAt = try members.read("acceptedAt")
        content = try members.read("content")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("delivery", delivery)
        try output.member("attempt", attempt)
        try output.member("mailing", mailing)
        try output.member("organization", organization)
        try output.member("kind", kind)
        try output.member("audience", audience)
        try output.member("recipient", recipient)
        try output.member("role", role)
        try output.member("variables", variables)
        try output.member("acceptedAt", acceptedAt)
        try output.member("content", content)
    }
}

extension ClaimRefusal: JSONRecord {
    package init(members: inout JSONMembers) throws {
        ticket = try members.read("ticket")
        reason = try members.read("reason")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("ticket", ticket)
        try output.member("reason", reason)
    }
}

extension BlobRequest: JSONRecord {
    package init(members: inout JSONMembers) throws {
        hash = try members.read("hash")
    }

    package func writeMembers(to output: inout JSONOutput) throws {
        try output.member("hash", hash)
    }
}
