import Foundation
import Mail
import Testing

@Suite("Facts and commands on the wire")
struct WireTests {
    private static func sample(_ kind: Fact.Kind) throws -> Fact {
        var history = History(random: Seeded(5))
        let moved = ReminderMoved(
            reminder: .derived(from: "r"), collection: "smith-wedding", expiresOn: "2026-12-24", daysBefore: 7,
            dueAt: Timestamp(microseconds: 1_790_000_000_000_000))
        let body: Fact.Body =
            switch kind {
            case .mailingAccepted:
                .mailingAccepted(
                    MailingAccepted(
                        mailing: history.mailing, kind: "invite", name: "Smith", audience: .direct, collection: nil, sendAt: nil,
                        whenUncertain: .hold,
                        content: Content(
                            from: Mailbox(address: try address), replyTo: nil, subject: "s", html: nil, text: "t", to: [], cc: [],
                            attachments: [
                                AttachmentReference(name: "a", type: "text/plain", size: 1, hash: ContentHash(of: Data([1])))
                            ],
                            track: Tracking()),
                        recipients: [
                            .init(
                                delivery: history.delivery, address: "not an address", name: nil, role: .to, variables: ["a": "b"])
                        ]))
            case .mailingRefused: .mailingRefused(MailingRefused(mailing: history.mailing, problems: ["Too many."]))
            case .deliveryScheduled: .deliveryScheduled(history.moved(1))
            case .deliveryPending: .deliveryPending(history.moved(1))
            case .deliveryCancelled: .deliveryCancelled(history.moved(1))
            case .deliveryDropped:
                .deliveryDropped(DeliveryDropped(delivery: history.delivery, mailing: history.mailing, reason: .spamLike))
            case .deliveryFailed:
                .deliveryFailed(DeliveryFailed(delivery: history.delivery, mailing: history.mailing, reason: .missingAttachment))
            case .deliveryExpired: .deliveryExpired(history.moved(3))
            case .deliveryResolved:
                .deliveryResolved(
                    DeliveryResolved(delivery: history.delivery, mailing: history.mailing, attempt: 1, delivered: true, by: nil))
            case .attemptStarted: .attemptStarted(history.started(2))
            case .attemptDelivered: .attemptDelivered(history.ended(2))
            case .attemptDeferred: .attemptDeferred(history.ended(2))
            case .attemptBounced: .attemptBounced(history.ended(2))
            case .attemptUncertain: .attemptUncertain(history.ended(2))
            case .attemptAbandoned: .attemptAbandoned(history.ended(2))
            case .sessionEnded: .sessionEnded(SessionEnded(session: history.session))
            case .messageOpened: .messageOpened(MessageOpened(delivery: history.delivery, userAgent: "\u{0}<script>"))
            case .linkClicked:
                .linkClicked(LinkClicked(delivery: history.delivery, link: 3, target: "https://example.com/", userAgent: nil))
            case .contactUnsubscribed:
                .contactUnsubscribed(
                    ContactChanged(address: "ann@example.net", delivery: history.delivery, mailing: history.mailing))
            case .contactResubscribed: .contactResubscribed(ContactChanged(address: "ann@example.net"))
            case .reminderPlanned: .reminderPlanned(moved)
            case .reminderMoved: .reminderMoved(moved)
            case .reminderSkipped: .reminderSkipped(moved)
            case .reminderIssued: .reminderIssued(moved)
            case .reminderWithdrawn: .reminderWithdrawn(moved)
            }
        return history.fact(body)
    }

    private static var address: EmailAddress {
        get throws { try EmailAddress("studio@example.com") }
    }

    @Test(
        "a fact comes back as it went, from one flat object, and fields that we do not know are ignored",
        arguments: Fact.Kind.allCases)
    func facts(kind: Fact.Kind) throws {
        let fact = try Self.sample(kind)
        #expect(fact.kind == kind)
        let body = try Wire.encode([fact])
        #expect(try Wire.facts(kind: kind.rawValue, version: 1, body: body) == [fact])

        var object = try #require(JSONSerialization.jsonObject(with: body) as? [[String: Any]])
        #expect(object[0]["kind"] as? String == kind.rawValue)
        object[0]["fieldOfTheFuture"] = ["a": [1, 2, 3]]
        let extended = try JSONSerialization.data(withJSONObject: object)
        #expect(try Wire.facts(kind: kind.rawValue, version: 1, body: extended) == [fact])
    }

    @Test("unknown kinds and versions are unreadable, with the reason")
    func unknown() throws {
        let body = try Wire.encode([try Self.sample(.deliveryPending)])
        func reason(kind: String = "delivery.pending", version: Int? = 1, _ body: Data) -> String? {
            (#expect(throws: Wire.Unreadable.self) { try Wire.facts(kind: kind, version: version, body: body) })?.description
        }
        #expect(reason(kind: "delivery.teleported", body)?.contains("\"delivery.teleported\"") == true)
        #expect(reason(kind: "delivery.cancelled", body)?.contains("another kind") == true)
        #expect(reason(version: 2, body)?.contains("version is 2") == true)
        #expect(reason(version: nil, body)?.contains("missing") == true)
        #expect(reason(Data())?.contains("not valid JSON") == true)
        #expect(reason(Data("[{".utf8)) != nil)
        #expect(reason(Data("{}".utf8))?.contains("a list") == true)
        #expect(reason(Data(#"[{"id":1}]"#.utf8))?.contains("/0/id") == true)
        let future = Data(String(decoding: body, as: UTF8.self).replacing("delivery.pending", with: "delivery.teleported").utf8)
        #expect(reason(future)?.contains("/0/kind") == true)
    }

    @Test("nesting is refused before a parser sees it, and brackets within text do not count")
    func nesting() throws {
        func nested(_ depth: Int) -> Data {
            Data((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        let error = #expect(throws: Wire.Unreadable.self) { try Wire.decode([Fact].self, from: nested(65)) }
        #expect(error?.description.contains("nested") == true)
        let deep = #expect(throws: Wire.Unreadable.self) { try Wire.decode([Fact].self, from: nested(200_000)) }
        #expect(deep?.description.contains("nested") == true)
        let allowed = #expect(throws: Wire.Unreadable.self) { try Wire.decode([Fact].self, from: nested(64)) }
        #expect(allowed?.description.contains("nested") == false)
        let text = String(repeating: #"[{\"\\"#, count: 1000)
        #expect(try Wire.decode([String].self, from: Data("[\"\(text)\"]".utf8)).count == 1)
    }

    @Test("commands come back as they went, and others are unreadable")
    func commands() throws {
        let submission = Submission(
            kind: "invite", subject: "s", from: Mailbox(address: try Self.address, name: "Studio"), text: "t",
            recipients: [.init(address: "ann@example.net", role: .cc, variables: ["a": "b"])],
            attachments: [.init(name: "a", type: "text/plain", content: Data([0, 255]))], track: Tracking(opens: false))
        let mailing = MailingID.derived(from: "m")
        let delivery = DeliveryID.derived(from: "d")
        let all: [Command] = [
            .submitMailing(organization: "studio", mailing: mailing, submission),
            .cancelMailing(organization: "studio", mailing: mailing, by: "ann"),
            .cancelDelivery(organization: "studio", delivery: delivery, by: nil),
            .resolveDelivery(organization: "studio", delivery: delivery, delivered: true, by: "ann"),
            .unsubscribe(organization: "studio", .delivery(delivery), at: Timestamp(microseconds: 1)),
            .resubscribe(organization: "studio", .address(try Self.address), at: Timestamp(microseconds: 2)),
        ]
        #expect(Set(all.map(\.kind)) == Set(Command.Kind.allCases))
        for command in all {
            #expect(try Command(kind: command.kind.rawValue, version: 1, body: command.encoded()) == command)
        }
        #expect(throws: Wire.Unreadable.self) { try Command(kind: "mailing.burn", version: 1, body: Data("{}".utf8)) }
        #expect(throws: Wire.Unreadable.self) { try Command(kind: "mailing.cancel", version: 9, body: Data("{}".utf8)) }
        let both = #"{"organization":"studio","at":"2026-12-01T09:00:00Z","address":"a@example.com","delivery":"\#(delivery)"}"#
        for text in [both, #"{"organization":"studio","at":"2026-12-01T09:00:00Z"}"#] {
            #expect(throws: Wire.Unreadable.self) { try Command(kind: "contact.unsubscribe", version: 1, body: Data(text.utf8)) }
        }
    }

    @Test(
        "a field of a submission that we do not know is refused by name",
        arguments: [
            (#""subjct":"x""#, "/subjct"), (#""from":{"address":"a@example.com","nmae":"x"}"#, "/from/nmae"),
            (#""recipients":[{"address":"a@example.com","rol":"to"}]"#, "/recipients/0/rol"),
            (#""attachments":[{"name":"a","type":"b","content":"","size":1}]"#, "/attachments/0/size"),
            (#""track":{"open":true}"#, "/track/open"),
        ])
    func strictness(field: String, place: String) throws {
        let plain = [#""kind":"invite""#, #""subject":"s""#, #""from":{"address":"a@example.com"}"#, #""recipients":[]"#]
        let name = field.prefix { $0 != ":" }
        let fields = plain.filter { !$0.hasPrefix(name) } + [field]
        let error = #expect(throws: Wire.Unreadable.self) {
            try Wire.decode(Submission.self, from: Data("{\(fields.joined(separator: ","))}".utf8))
        }
        #expect(error?.description.contains(place) == true, "\(String(describing: error))")
        #expect(error?.description.contains("no such field") == true)
    }

    @Test("tracking that is named in part is on for the rest")
    func tracking() throws {
        let text = #"{"kind":"k","subject":"s","from":{"address":"a@example.com"},"recipients":[],"track":{"clicks":false}}"#
        #expect(try Wire.decode(Submission.self, from: Data(text.utf8)).track == Tracking(opens: true, clicks: false))
    }
}
