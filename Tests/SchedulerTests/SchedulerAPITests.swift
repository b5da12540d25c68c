import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Mail
import NIOCore
import Runtime
import Support
import Testing

@testable import Scheduler

@Suite("The HTTP API")
struct SchedulerAPITests {
    private struct World {
        let test: TestLedger
        let tokens: APITokens
        let client: any TestClientProtocol

        struct Answer {
            let status: HTTPResponse.Status
            let headers: HTTPFields
            let json: [String: any Sendable]

            var state: String? { json["state"] as? String }
            var detail: String { json["detail"] as? String ?? "" }
            var pointers: [String?] {
                (json["faults"] as? [[String: Any]] ?? []).map { $0["pointer"] as? String }
            }
        }

        func token(_ scopes: Set<Principal.Scope> = [.send], organization: String = Samples.organization) async throws -> String {
            try await tokens.issue(
                Principal(organization: organization, subject: "ann", scopes: scopes), validFor: .seconds(60), at: test.time.now)
        }

        func ask(
            _ method: HTTPRequest.Method, _ path: String, _ body: Data? = nil, token: String? = nil,
            headers more: [String: String] = [:]
        ) async throws -> Answer {
            var headers: HTTPFields = [.contentType: "application/json"]
            let bearer = if let token { token } else { try await self.token() }
            headers[.authorization] = "Bearer \(bearer)"
            for (name, value) in more {
                if let name = HTTPField.Name(name) { headers[name] = value }
            }
            let response = try await client.executeRequest(
                uri: path, method: method, headers: headers, body: body.map { ByteBuffer(bytes: $0) })
            let json = try JSONSerialization.jsonObject(with: Data(response.body.readableBytesView)) as? [String: any Sendable]
            return Answer(status: response.status, headers: response.headers, json: json ?? [:])
        }

        func submit(_ submission: Submission, key: String? = nil) async throws -> Answer {
            try await ask(
                .post, "/v1/mailings", try Wire.encode(submission), headers: key.map { ["Idempotency-Key": $0] } ?? [:])
        }
    }

    private func inWorld(_ body: @Sendable (World) async throws -> Void) async throws {
        let test = try TestLedger()
        let tokens = try await APITokens(secret: String(repeating: "s", count: 40))
        let desk = MailingDesk(
            ledger: test.ledger, limits: AdmissionLimits(), zone: { _ in nil }, logger: Logger(label: "test"))
        let application = Application(router: SchedulerAPI(desk: desk, tokens: tokens).router())
        try await application.test(.router) { try await body(World(test: test, tokens: tokens, client: $0)) }
    }

    private func deliveries(_ answer: World.Answer) -> [(id: String, state: String)] {
        (answer.json["deliveries"] as? [[String: Any]] ?? []).map { ($0["id"] as? String ?? "", $0["state"] as? String ?? "") }
    }

    @Test("answers a mailing with 202 once it is stored, and shows it")
    func submission() async throws {
        try await inWorld { world in
            let answer = try await world.submit(try Samples.submission(to: ["ann@example.net", "bad@"]))
            #expect(answer.status == .accepted)
            #expect(deliveries(answer).map(\.state) == ["pending", "failed"])
            let id = try #require(answer.json["id"] as? String)
            #expect(answer.headers[.location] == "/v1/mailings/\(id)")
            #expect(try await world.test.count("mailings") == 1)
            let shown = try await world.ask(.get, "/v1/mailings/\(id)", token: try await world.token([.read]))
            #expect(shown.status == .ok)
            #expect(deliveries(shown).map(\.id) == deliveries(answer).map(\.id))
        }
    }

    @Test("lists all faults of a refused mailing with their places")
    func refusal() async throws {
        try await inWorld { world in
            let answer = try await world.submit(
                try Samples.submission {
                    $0.kind = ""
                    $0.subject = "Hello\r\nBcc: eve@example.com"
                })
            #expect(answer.status == .unprocessableContent)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(answer.pointers == ["/kind", "/subject"])
            let tooMany = try await world.submit(try Samples.submission(to: (0..<151).map { "r\($0)@example.net" }))
            #expect(tooMany.status == .unprocessableContent)
            #expect(tooMany.pointers == ["/recipients"])
            #expect(try await world.test.count("mailings") == 0)
        }
    }

    @Test(
        "refuses a body that is not a submission",
        arguments: [
            ("", 400), ("{", 400), ("[]", 422), ("{\"kind\": 1}", 422), (String(repeating: "[", count: 100_000), 400),
            ("null", 422),
            (
                #"{"kind":"a","subject":"b","text":"c","from":{"address":"studio@"},"recipients":[{"address":"ann@example.net"}]}"#,
                422
            ),
            (
                #"{"kind":"a","subject":"b","text":"c","from":{"address":"s@example.com"},"recipients":[],"sendTo":"x"}"#, 422
            ),
        ])
    func malformed(body: String, status: Int) async throws {
        try await inWorld { world in
            let answer = try await world.ask(.post, "/v1/mailings", Data(body.utf8))
            #expect(answer.status.code == status)
            #expect(!answer.detail.isEmpty)
        }
    }

    @Test("refuses a body that is too large")
    func tooLarge() async throws {
        try await inWorld { world in
            let answer = try await world.ask(.post, "/v1/mailings", Data(repeating: 0x20, count: 30_000_000))
            #expect(answer.status == .contentTooLarge)
        }
    }

    @Test("answers a repeated key with the same mailing and refuses it for another")
    func idempotency() async throws {
        try await inWorld { world in
            let submission = try Samples.submission()
            let first = try await world.submit(submission, key: "k")
            let second = try await world.submit(submission, key: "k")
            #expect((first.status, second.status) == (.accepted, .accepted))
            #expect(first.json["id"] as? String == second.json["id"] as? String)
            let other = try await world.submit(try Samples.submission { $0.name = "Another" }, key: "k")
            #expect(other.status == .unprocessableContent)
            #expect(try await world.submit(submission, key: String(repeating: "k", count: 256)).status == .badRequest)
        }
    }

    @Test("cancels what waits, and says in words what cannot be cancelled")
    func cancellation() async throws {
        try await inWorld { world in
            let answer = try await world.submit(try Samples.submission(to: ["ann@example.net", "bob@example.net"]))
            let id = try #require(answer.json["id"] as? String)
            let sending = try #require(deliveries(answer).first?.id)
            _ = try await world.test.claim(try #require(DeliveryID(sending)), by: .fresh())
            let refused = try await world.ask(.post, "/v1/deliveries/\(sending)/cancel")
            #expect(refused.status == .conflict)
            #expect(refused.detail == "It is being sent and cannot be cancelled.")
            let cancelled = try await world.ask(.post, "/v1/mailings/\(id)/cancel")
            #expect(cancelled.status == .ok)
            #expect(cancelled.json["cancelled"] as? Int == 1)
            let left = try #require((cancelled.json["notCancelled"] as? [[String: Any]])?.first)
            #expect(left["id"] as? String == sending)
            #expect(left["detail"] as? String == "It is being sent and cannot be cancelled.")
            let bob = deliveries(answer)[1].id
            let again = try await world.ask(.post, "/v1/deliveries/\(bob)/cancel")
            #expect((again.status, again.state) == (.ok, "cancelled"))
        }
    }

    @Test("resolves an uncertain delivery and nothing else", arguments: [("delivered", "delivered"), ("resend", "pending")])
    func resolution(decision: String, state: String) async throws {
        try await inWorld { world in
            let answer = try await world.submit(try Samples.submission { $0.whenUncertain = .hold })
            let delivery = try #require(deliveries(answer).first?.id)
            let id = try #require(DeliveryID(delivery))
            let body = Data("{\"as\":\"\(decision)\"}".utf8)
            #expect(try await world.ask(.post, "/v1/deliveries/\(delivery)/resolve", body).status == .conflict)
            let session = SessionID.fresh()
            _ = try await world.test.claim(id, by: session)
            try await world.test.report(.attemptUncertain(world.test.ended(id, session: session)))
            let wrong = try await world.ask(.post, "/v1/deliveries/\(delivery)/resolve", Data("{\"as\":\"lost\"}".utf8))
            #expect(wrong.status == .unprocessableContent)
            let resolved = try await world.ask(.post, "/v1/deliveries/\(delivery)/resolve", body)
            #expect((resolved.status, resolved.state) == (.ok, state))
        }
    }

    @Test("knows only its own organization's things, and only by their ids")
    func others() async throws {
        try await inWorld { world in
            let answer = try await world.submit(try Samples.submission())
            let id = try #require(answer.json["id"] as? String)
            let delivery = try #require(deliveries(answer).first?.id)
            let theirs = try await world.token([.send, .read], organization: "others")
            let resolution = Data("{\"as\":\"delivered\"}".utf8)
            for path in ["/v1/mailings/\(id)/cancel", "/v1/deliveries/\(delivery)/cancel", "/v1/deliveries/\(delivery)/resolve"] {
                #expect(try await world.ask(.post, path, resolution, token: theirs).status == .notFound)
            }
            #expect(try await world.ask(.get, "/v1/mailings/\(id)", token: theirs).status == .notFound)
            for id in ["nonsense", "\(MailingID.fresh())"] {
                #expect(try await world.ask(.get, "/v1/mailings/\(id)").status == .notFound)
            }
            #expect(try await world.test.ledger.countUnderWay() == [.pending: 1])
        }
    }

    @Test("lets in only who has a valid token with the right scope")
    func tokens() async throws {
        try await inWorld { world in
            let body = try Wire.encode(try Samples.submission())
            #expect(try await world.ask(.post, "/v1/mailings", body, token: "forged").status == .unauthorized)
            let reader = try await world.token([.read])
            #expect(try await world.ask(.post, "/v1/mailings", body, token: reader).status == .forbidden)
            let valid = try await world.token()
            world.test.time.advance(by: .seconds(3600))
            #expect(try await world.ask(.post, "/v1/mailings", body, token: valid).status == .unauthorized)
            #expect(try await world.test.count("mailings") == 0)
        }
    }
}
