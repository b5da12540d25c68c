import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Mail
import Runtime
import Store
import Support
import Testing

@testable import Tracker

@Suite struct HistoryRoutesTests {
    private func serving(
        _ store: StoreFile, organization: String = "acme", scopes: Set<Principal.Scope> = [.read],
        _ body: @Sendable (any TestClientProtocol, HTTPFields) async throws -> Void
    ) async throws {
        let tokens = try await APITokens(secret: Sample.secret)
        let principal = Principal(organization: organization, subject: "test", scopes: scopes)
        let token = try await tokens.issue(principal, validFor: .seconds(3600), at: Sample.start)
        let router = Router(context: WebContext.self)
        HistoryRoutes(
            history: History(store: store), live: LiveUpdates(),
            authentication: Authentication(tokens: tokens, time: ManualTime(Sample.start).source)
        ).add(to: router)
        try await Application(router: router).test(.router) { client in
            try await body(client, [.authorization: "Bearer \(token)"])
        }
    }

    private func object(_ response: TestResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.body.readableBytesView)) as? [String: Any])
    }

    @Test("a mailing is told in the documented shape")
    func mailing() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"], collection: "smith")
        let delivery = accepted.recipients[0].delivery
        let ended = AttemptEnded(
            delivery: delivery, mailing: accepted.mailing, attempt: 1, session: sample.id(), transcript: "S: 250 ok")
        let store = try Sample.store()
        try await store.record([
            sample.fact(.mailingAccepted(accepted)), sample.fact(.attemptDelivered(ended)),
            sample.fact(.messageOpened(MessageOpened(delivery: delivery, userAgent: Sample.gmail))),
        ])
        try await serving(store) { client, headers in
            try await client.execute(uri: "/v1/mailings/\(accepted.mailing)", method: .get, headers: headers) { response in
                let mailing = try object(response)
                #expect(mailing["id"] as? String == accepted.mailing.description)
                #expect((mailing["states"] as? [String: Int])?.count == DeliveryState.allCases.count)
                #expect((mailing["states"] as? [String: Int])?["delivered"] == 1)
                #expect(mailing["opens"] as? [String: Int] == ["all": 1, "people": 1])
                let row = try #require((mailing["deliveries"] as? [[String: Any]])?.first)
                #expect(row["state"] as? String == "delivered" && row["role"] as? String == "to")
                #expect((row["views"] as? [String: Any])?["client"] as? String == "Gmail (image proxy)")
                #expect((row["clicks"] as? [String: Int]) == ["count": 0, "people": 0])
            }
            try await client.execute(uri: "/v1/history?collection=smith&limit=1", method: .get, headers: headers) { response in
                let list = try object(response)
                #expect((list["items"] as? [[String: Any]])?.first?["deliveries"] == nil)
                #expect(list["next"] is NSNull)
            }
            try await client.execute(uri: "/v1/deliveries/\(delivery)", method: .get, headers: headers) { response in
                let kinds = (try object(response)["facts"] as? [[String: Any]])?.compactMap { $0["kind"] as? String }
                #expect(kinds == ["mailing.accepted", "attempt.delivered", "message.opened"])
            }
            try await client.execute(uri: "/v1/deliveries/\(delivery)/log", method: .get, headers: headers) { response in
                #expect(String(buffer: response.body).contains("S: 250 ok"))
                #expect(response.headers[.contentType] == "text/plain; charset=utf-8")
            }
        }
    }

    @Test("the log of two thousand attempts is whole, and the timeline has the last of them")
    func manyAttempts() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let delivery = accepted.recipients[0].delivery
        let session: SessionID = sample.id()
        let long = String(repeating: "x", count: 4000)
        let attempts = (1...2000).map { attempt in
            sample.fact(
                .attemptDeferred(
                    AttemptEnded(
                        delivery: delivery, mailing: accepted.mailing, attempt: attempt, session: session,
                        transcript: "S: 451 \(attempt) \(long)")))
        }
        let store = try Sample.store()
        try await store.record([sample.fact(.mailingAccepted(accepted))])
        try await store.record(attempts, together: 2000)
        try await serving(store) { client, headers in
            try await client.execute(uri: "/v1/deliveries/\(delivery)/log", method: .get, headers: headers) { response in
                let lines = String(buffer: response.body).split(separator: "\n").filter { $0.hasPrefix("Attempt ") }
                #expect(lines == (1...2000).map { "Attempt \($0): deferred" })
            }
            try await client.execute(uri: "/v1/deliveries/\(delivery)", method: .get, headers: headers) { response in
                let timeline = try object(response)
                let facts = try #require(timeline["facts"] as? [[String: Any]])
                #expect(facts.count == 301 && facts.last?["attempt"] as? Int == 2000)
                #expect(timeline["stepsLeftOut"] as? Int == 1700)
            }
        }
    }

    @Test("another organization's ids, unknown ones and nonsense are all not found")
    func notFound() async throws {
        var sample = Sample()
        let accepted = try sample.accepted(to: ["ann@example.net"])
        let store = try Sample.store()
        try await store.record([sample.fact(.mailingAccepted(accepted))])
        try await serving(store, organization: "other") { client, headers in
            for path in [
                "mailings/\(accepted.mailing)", "deliveries/\(accepted.recipients[0].delivery)",
                "deliveries/\(accepted.recipients[0].delivery)/log", "mailings/x", "deliveries/\(accepted.mailing)",
            ] {
                try await client.execute(uri: "/v1/\(path)", method: .get, headers: headers) {
                    #expect($0.status == .notFound, "\(path)")
                }
            }
            try await client.execute(uri: "/v1/history", method: .get, headers: headers) { response in
                let items = try object(response)["items"] as? [Any]
                #expect(items?.isEmpty == true)
            }
        }
    }

    @Test("without a token there is no history, without the scope neither")
    func locked() async throws {
        let store = try Sample.store()
        try await serving(store, scopes: [.send]) { client, headers in
            for path in ["history", "mailings/x", "reports/emails.csv", "stream"] {
                try await client.execute(uri: "/v1/\(path)", method: .get) { #expect($0.status == .unauthorized) }
                try await client.execute(uri: "/v1/\(path)", method: .get, headers: headers) { #expect($0.status == .forbidden) }
            }
        }
    }

    @Test(
        "a query that cannot be read is refused, and says where",
        arguments: ["status=nonsense", "after=yesterday", "limit=0", "limit=x", "cursor=!", "cursor=-1"])
    func badQuery(query: String) async throws {
        try await serving(try Sample.store()) { client, headers in
            try await client.execute(uri: "/v1/history?\(query)", method: .get, headers: headers) { response in
                #expect(response.status == .unprocessableContent)
                #expect(String(buffer: response.body).contains(String(query.prefix { $0 != "=" })))
            }
        }
    }

    @Test("the report has a row for each recipient, over as many pages as it takes, and only those that the filter means")
    func report() async throws {
        var sample = Sample(seed: 5)
        let store = try Sample.store()
        try await store.record(try sample.story(mailings: 130))
        let all = try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM deliveries") ?? 0 }
        let bounced = try await store.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM deliveries WHERE state = 'bounced'") ?? 0
        }
        #expect(bounced > 10)
        try await serving(store) { client, headers in
            for (query, rows) in [("", all), ("?status=bounced", bounced), ("?q=nothing", 0)] {
                try await client.execute(uri: "/v1/reports/emails.csv\(query)", method: .get, headers: headers) { response in
                    let lines = String(buffer: response.body).split(separator: "\r\n")
                    #expect(lines.count == rows + 1)
                    #expect(lines[0].hasPrefix("accepted_at,mailing,"))
                }
            }
        }
    }
}
