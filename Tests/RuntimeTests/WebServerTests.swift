import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Mail
import Support
import Testing

@testable import Runtime

struct WebServerTests {
    private struct Thing: Codable {
        var name: String
        var sizes: [Int]

        enum CodingKeys: String, CodingKey, CaseIterable { case name, sizes }

        init(from decoder: any Decoder) throws {
            let container = try decoder.strictContainer(keyedBy: CodingKeys.self)
            name = try container.decode(String.self, forKey: .name)
            sizes = try container.decode([Int].self, forKey: .sizes)
        }
    }

    private struct Full: PassingFailure {}
    private struct Odd: Error {}

    private func routes(_ router: Router<WebContext>) {
        router.get("/things/{id}") { _, context in try Response.json(["id": context.parameters.require("id")]) }
        router.delete("/things/{id}") { _, _ in Response(status: .noContent) }
        router.post("/things") { request, context in
            let thing = try await request.decodeJSON(Thing.self, upTo: 1000, context: context)
            return try Response.json(thing, status: .created)
        }
        router.get("/full") { _, _ -> Response in throw Full() }
        router.get("/odd") { _, _ -> Response in throw Odd() }
        router.get("/conflict") { _, _ -> Response in
            throw Problem(.conflict, "Already there", detail: "x", faults: [.init(pointer: "/a/0", detail: "y")])
        }
        router.get("/plain") { _, _ -> Response in throw HTTPError(.badRequest, message: "in Hummingbird's words") }
        router.get("/page") { _, _ in
            Response(status: .notFound, headers: [.contentType: "text/html"], body: .init(byteBuffer: .init(string: "<p>gone")))
        }
        router.get("/head") { _, context in Response(status: context.isHead ? .accepted : .ok) }
    }

    @Test("answers JSON with sorted keys, and names no server software")
    func answers() async throws {
        try await withServer(routes: routes) { port in
            let answer = try await ask(port, "GET", "/things/7")
            #expect(answer.status == 200)
            #expect(answer.body == #"{"id":"7"}"#)
            #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
            #expect(answer.headers["server"] == nil)
            #expect(answer.headers["content-length"] == "10")
        }
    }

    @Test(
        "every refusal is a problem document, Hummingbird's own ones too",
        arguments: [
            ("GET", "/nothing", 404, "Not Found"), ("PUT", "/things/7", 405, "Method not allowed"),
            ("GET", "/full", 503, "Unavailable"),
            ("GET", "/odd", 500, "Internal error"), ("GET", "/conflict", 409, "Already there"),
            ("GET", "/plain", 400, "Bad Request"),
            ("PATCH", "/things", 405, "Method not allowed"),
        ])
    func problems(method: String, path: String, status: Int, title: String) async throws {
        try await withServer(routes: routes) { port in
            let answer = try await ask(port, method, path)
            #expect(answer.status == status)
            #expect(answer.headers["content-type"] == "application/problem+json")
            #expect(answer["title"] == title)
            #expect(answer["status"] == "\(status)")
            #expect(answer["detail"]?.isEmpty == false)
            #expect(answer["type"]?.hasPrefix("urn:waybill:problem:") == true)
            #expect(answer.body.contains("Odd") == false)
        }
    }

    @Test("405 says what is taken, a problem carries its faults, a message of Hummingbird's survives, pages pass")
    func details() async throws {
        try await withServer(routes: routes) { port in
            #expect(try await ask(port, "PUT", "/things/7").headers["allow"] == "DELETE, GET, HEAD")
            #expect(try await ask(port, "GET", "/conflict").body.contains(#""faults":[{"detail":"y","pointer":"/a/0"}]"#))
            #expect(try await ask(port, "GET", "/plain")["detail"] == "in Hummingbird's words")
            #expect(try await ask(port, "GET", "/full").headers["retry-after"] == "5")
            let page = try await ask(port, "GET", "/page")
            #expect(page.status == 404)
            #expect(page.body == "<p>gone")
        }
    }

    @Test("HEAD is answered wherever there is GET, without the body, and the route can tell")
    func head() async throws {
        try await withServer(monitored: Readiness(), routes: routes) { port in
            let answer = try await ask(port, "HEAD", "/things/7")
            #expect(answer.status == 200)
            #expect(answer.headers["content-length"] == "10")
            #expect(answer.body.isEmpty)
            #expect(try await ask(port, "HEAD", "/head").status == 202)
            #expect(try await ask(port, "HEAD", "/nothing").status == 404)
            #expect(try await ask(port, "HEAD", "/things").status == 405)
            #expect(try await ask(port, "HEAD", "/healthz").status == 200)
        }
    }

    @Test(
        "a body is read strictly, and what is wrong is said with its place",
        arguments: [
            (#"{"name":"x","sizes":[1]}"#, "application/json", 201, nil),
            (#"{"name":"x","sizes":[1]}"#, "application/json; charset=UTF-8", 201, nil),
            (#"{"name":"x","sizes":[1]}"#, "text/plain", 415, nil),
            (#"{"name":"x","sizes":[1]}"#, "application/json; charset=latin1", 415, nil),
            ("", "application/json", 400, nil), ("{", "application/json", 400, nil), ("\u{0}", "application/json", 400, nil),
            (#"{"name":"x","sizes":[1]} x"#, "application/json", 400, nil),
            (String(repeating: "[", count: 500), "application/json", 400, nil),
            ("[]", "application/json", 422, ""), ("null", "application/json", 422, ""),
            (#"{"sizes":[1]}"#, "application/json", 422, "/name"),
            (#"{"name":null,"sizes":[1]}"#, "application/json", 422, "/name"),
            (#"{"name":"x","sizes":[1,"two"]}"#, "application/json", 422, "/sizes/1"),
            (#"{"name":"x","sizes":[],"a/b~c":1}"#, "application/json", 422, "/a~1b~0c"),
            (#"{"name":"x","sizes":[1.5]}"#, "application/json", 422, nil),
            (#"{"name":""# + String(repeating: "x", count: 2000) + #"","sizes":[]}"#, "application/json", 413, nil),
        ] as [(String, String, Int, String?)])
    func bodies(body: String, type: String, status: Int, pointer: String?) async throws {
        try await withServer(routes: routes) { port in
            let answer = try await ask(port, "POST", "/things", ["Content-Type": type], body: body)
            #expect(answer.status == status, "\(answer.body)")
            if let pointer { #expect(answer.body.contains(#""pointer":"\#(pointer)""#), "\(answer.body)") }
        }
    }

    @Test("a chunked body that grows past the limit is refused, though no length was announced")
    func chunked() async throws {
        try await withServer(routes: routes) { port in
            let chunk = String(repeating: "x", count: 600)
            let answer = try await ask(
                port, "POST", "/things", ["Content-Type": "application/json", "Transfer-Encoding": "chunked"],
                body: "258\r\n\(chunk)\r\n258\r\n\(chunk)\r\n0\r\n\r\n")
            #expect(answer.status == 413)
        }
    }

    @Test("tokens open what their scopes allow, and every refusal says why")
    func tokens() async throws {
        let tokens = try await APITokens(secret: "a-secret-of-more-than-32-characters-for-tests")
        let time = ManualTime(Timestamp(microseconds: 1_790_000_000_000_000))
        let token = try await tokens.issue(
            Principal(organization: "studio", subject: "ann", scopes: [.read]), validFor: .seconds(60), at: time.now)
        let routes: (Router<WebContext>) -> Void = { router in
            router.get("/open") { _, context in try Response.json(context.require(.read).subject) }
            let closed = router.group("/v1").add(middleware: Authentication(tokens: tokens, time: time.source))
            closed.get("/read") { _, context in try Response.json(context.require(.read).organization) }
            closed.get("/send") { _, context in try Response.json(context.require(.send).organization) }
        }
        try await withServer(monitored: Readiness(), routes: routes) { port in
            #expect(try await ask(port, "GET", "/v1/read", ["Authorization": "Bearer \(token)"]).body == #""studio""#)
            #expect(try await ask(port, "GET", "/v1/read", ["Authorization": "bearer  \(token) "]).status == 200)
            let forbidden = try await ask(port, "GET", "/v1/send", ["Authorization": "Bearer \(token)"])
            #expect(forbidden.status == 403)
            #expect(forbidden.headers["www-authenticate"]?.contains(#"scope="send""#) == true)
            #expect(forbidden["detail"] == "This needs a token with the scope send; yours has read.")
            for headers in [[:], ["Authorization": "Basic YTpi"], ["Authorization": "Bearer"], ["Authorization": "Bearer x"]] {
                let answer = try await ask(port, "GET", "/v1/read", headers)
                #expect(answer.status == 401)
                #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer ") == true)
                #expect(answer.headers["content-type"] == "application/problem+json")
            }
            #expect(try await ask(port, "GET", "/open").status == 401)
            #expect(try await ask(port, "GET", "/healthz").status == 200)
            time.advance(by: .seconds(61))
            let expired = try await ask(port, "GET", "/v1/read", ["Authorization": "Bearer \(token)"])
            #expect(expired.status == 401)
            #expect(expired["detail"]?.contains("expired") == true)
        }
    }

    @Test("/readyz says what is missing, and only private servers say anything")
    func monitoring() async throws {
        let readiness = Readiness()
        let isDown = ManualTime(Timestamp(microseconds: 0))
        readiness.require("broker") { isDown.now.microseconds == 0 ? "Cannot reach the broker." : nil }
        readiness.require("store") { nil }
        try await withServer(monitored: readiness, routes: routes) { port in
            let missing = try await ask(port, "GET", "/readyz")
            #expect(missing.status == 503)
            #expect(missing.body == #"{"missing":[{"name":"broker","trouble":"Cannot reach the broker."}],"status":"not ready"}"#)
            isDown.advance(by: .seconds(1))
            #expect(try await ask(port, "GET", "/readyz").body == #"{"missing":[],"status":"ready"}"#)
            let metrics = try await ask(port, "GET", "/metrics")
            #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.body.contains("process_open_fds "))
        }
        try await withServer(routes: routes) { port in
            for path in ["/healthz", "/readyz", "/metrics"] {
                let answer = try await ask(port, "GET", path)
                #expect(answer.status == 404)
            }
        }
    }

    @Test("a port in use is one clear sentence")
    func portInUse() async throws {
        try await withServer(routes: routes) { port in
            let second = WebServer(
                name: "second", listen: ListenAddress(host: "127.0.0.1", port: port), router: Router(context: WebContext.self),
                monitored: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let error = await #expect(throws: ListenError.self) { try await second.run() }
            #expect(
                error?.description
                    == "Port \(port) is in use: another program listens on 127.0.0.1:\(port). Stop it, or choose another listen address."
            )
        }
        let elsewhere = WebServer(
            name: "elsewhere", listen: ListenAddress(host: "192.0.2.1", port: 8080), router: Router(context: WebContext.self),
            monitored: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        await #expect(throws: ListenError.notHere(ListenAddress(host: "192.0.2.1", port: 8080))) { try await elsewhere.run() }
    }
}
