import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Mail
import NIOCore
import Runtime
import Testing

@testable import Reminder

@Suite("The HTTP API")
struct ReminderAPITests {
    private struct Client {
        let test: TestAgenda
        let http: any TestClientProtocol
        let token: String

        func send(
            _ method: HTTPRequest.Method, _ path: String, _ body: Data? = nil, headers: HTTPFields = [:]
        ) async throws -> (status: Int, json: String, headers: HTTPFields) {
            var all: HTTPFields = [.authorization: "Bearer \(token)", .contentType: "application/json"]
            for field in headers { all[field.name] = field.value }
            let response = try await http.execute(
                uri: path, method: method, headers: all, body: body.map { ByteBuffer(bytes: $0) })
            return (response.status.code, String(buffer: response.body), response.headers)
        }

        func expect(
            _ status: Int, _ method: HTTPRequest.Method, _ path: String, _ body: Data? = nil, headers: HTTPFields = [:]
        ) async throws {
            let answer = try await send(method, path, body, headers: headers)
            #expect(answer.status == status, "\(method) \(path): \(answer.json)")
        }
    }

    private func run(scopes: Set<Principal.Scope> = [.remind], _ body: @escaping @Sendable (Client) async throws -> Void)
        async throws
    {
        let test = try TestAgenda()
        let tokens = try await APITokens(secret: Sample.secret)
        let token = try await tokens.issue(
            Principal(organization: Sample.organization, subject: "ann", scopes: scopes), validFor: .seconds(3600), at: Sample.now)
        let application = Application(router: ReminderAPI(agenda: test.agenda, tokens: tokens).router())
        try await application.test(.router) { try await body(Client(test: test, http: $0, token: token)) }
    }

    @Test("a collection is made, read, changed, listed and removed, with its reminders")
    func story() async throws {
        try await run { client in
            let made = try await client.send(.put, "/v1/collections/smith", Sample.json())
            #expect(made.status == 201)
            #expect(made.headers[.location] == "/v1/collections/smith")
            let tag = try #require(made.headers[.eTag])
            let same = try await client.send(.put, "/v1/collections/smith", Sample.json())
            #expect(same.status == 200 && same.headers[.eTag] == tag && same.json == made.json)
            let read = try await client.send(.get, "/v1/collections/smith")
            #expect(read.json == made.json)
            #expect(
                read.json.contains(#""expiresAt":"2026-12-24T22:59:00.000000Z""#) && read.json.contains(#""name":"Smith wedding""#))

            let changed = try await client.send(
                .put, "/v1/collections/smith", Sample.json(["name": #""Other""#]), headers: [.ifMatch: tag])
            #expect(changed.status == 200 && changed.headers[.eTag] != tag)
            let stale = try await client.send(.put, "/v1/collections/smith", Sample.json(), headers: [.ifMatch: tag])
            #expect(stale.status == 412)

            let reminders = try await client.send(.get, "/v1/collections/smith/reminders")
            #expect(
                reminders.json.contains(#""state":"planned""#) && reminders.json.contains(#""dueAt":"2026-12-17T08:00:00.000000Z""#)
            )
            _ = try await client.send(.put, "/v1/collections/jones", Sample.json())
            let first = try await client.send(.get, "/v1/collections?limit=1")
            #expect(first.json.contains(#""next":"jones""#) && !first.json.contains(#""id":"smith""#))
            let second = try await client.send(.get, "/v1/collections?limit=1&cursor=jones")
            #expect(second.json.contains(#""next":null"#) && second.json.contains(#""id":"smith""#))
            let upcoming = try await client.send(.get, "/v1/reminders?limit=1")
            let next = try #require(upcoming.json.firstMatch(of: /"next":"([^"]+)"/)?.1)
            let rest = try await client.send(.get, "/v1/reminders?limit=1&cursor=\(next)")
            #expect(rest.json.contains(#""next":null"#) && rest.json.contains(#""daysBefore":7"#))

            try await client.expect(204, .delete, "/v1/collections/smith")
            try await client.expect(404, .delete, "/v1/collections/smith")
            try await client.expect(404, .get, "/v1/collections/smith")
            try await client.expect(404, .get, "/v1/collections/smith/reminders")
        }
    }

    static let refused: [(path: String, body: String, status: Int, says: String)] = [
        ("/v1/collections/smith", "", 400, "empty"), ("/v1/collections/smith", "{", 400, "JSON"),
        ("/v1/collections/smith", "[]", 422, "an object"), ("/v1/collections/smith", "{}", 422, "/timeZone"),
        ("/v1/collections/smith", #"{"bogus":1}"#, 422, "/bogus"),
        ("/v1/collections/smith", String(repeating: "[", count: 500), 400, "nested"),
        ("/v1/collections/smith", "\"\(String(repeating: "x", count: 1 << 20))\"", 413, "bytes"),
        ("/v1/collections/a%20b", "{}", 400, "label"), ("/v1/collections/..", "{}", 400, "label"),
        ("/v1/collections/%0d%0a", "{}", 400, "label"),
        ("/v1/collections/\(String(repeating: "c", count: 129))", "{}", 400, "label"),
    ]

    @Test("bad input is refused in words, and nothing is kept", arguments: refused)
    func badPut(path: String, body: String, status: Int, says: String) async throws {
        try await run { client in
            let answer = try await client.send(.put, path, Data(body.utf8))
            #expect(answer.status == status, "\(answer.json)")
            #expect(answer.json.contains(says), "\(answer.json)")
            #expect(answer.headers[.contentType] == Problem.mediaType)
            let list = try await client.send(.get, "/v1/collections")
            #expect(list.json == #"{"items":[],"next":null}"#)
        }
    }

    @Test(
        "limits and cursors that are none are refused",
        arguments: [
            "collections?limit=0", "collections?limit=201", "collections?limit=x", "collections?cursor=%20", "reminders?limit=-1",
            "reminders?cursor=x", "reminders?cursor=1.2", "reminders?cursor=9999999999999999999999.0",
        ])
    func badQuestions(path: String) async throws {
        try await run { client in try await client.expect(400, .get, "/v1/\(path)") }
    }

    @Test("every fault stands in one problem document, with its place")
    func faults() async throws {
        try await run { client in
            let body = Sample.json(["name": nil, "timeZone": #""Mars""#, "audience": #"{"fixed":["ann"]}"#])
            let answer = try await client.send(.put, "/v1/collections/smith", body)
            #expect(answer.status == 422)
            for pointer in ["/name", "/timeZone", "/audience/fixed/0"] {
                #expect(answer.json.contains("\"pointer\":\"\(pointer)\""), "\(answer.json)")
            }
        }
    }

    @Test("without a token, or the right to remind, there is no entry")
    func rights() async throws {
        try await run(scopes: [.read, .send]) { client in
            try await client.expect(403, .get, "/v1/collections")
            try await client.expect(403, .put, "/v1/collections/smith", Sample.json())
            try await client.expect(401, .get, "/v1/reminders", headers: [.authorization: "Bearer x"])
        }
    }
}
