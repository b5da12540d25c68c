import Foundation
import HTTPTypes
import Mail
import Runtime
import Testing

struct APITokensTests {
    private let secret = "first-secret-of-more-than-32-characters"
    private let now = Timestamp(microseconds: 1_790_000_000_000_000)
    private let ann = Principal(organization: "studio-1", subject: "ann", scopes: [.send, .read])

    private func detail(_ token: String, _ tokens: APITokens, at time: Timestamp? = nil) async -> String? {
        do {
            _ = try await tokens.verify(token, at: time ?? now)
            return nil
        } catch let problem as Problem {
            #expect(problem.status == .unauthorized)
            #expect(problem.headers[.wwwAuthenticate]?.contains("invalid_token") == true)
            return problem.detail
        } catch {
            return "no problem document: \(error)"
        }
    }

    @Test("a token says who asks, until it expires to the second")
    func roundTrip() async throws {
        let tokens = try await APITokens(secret: secret)
        let token = try await tokens.issue(ann, validFor: .seconds(60), at: now)
        #expect(try await tokens.verify(token, at: now) == ann)
        #expect(try await tokens.verify(token, at: now + .seconds(59)) == ann)
        #expect(await detail(token, tokens, at: now + .seconds(60)) == "The token expired at \(now + .seconds(60)).")
    }

    @Test("every changed byte is noticed")
    func forged() async throws {
        let tokens = try await APITokens(secret: secret)
        let token = try await tokens.issue(ann, validFor: .seconds(60), at: now)
        for index in token.indices {
            var forged = token
            forged.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            // The last character of a part carries bits that base64url does not use.
            let next = token.index(after: index)
            if next == token.endIndex || token[next] == "." { continue }
            #expect(await detail(forged, tokens) != nil, "position \(token.distance(from: token.startIndex, to: index))")
        }
    }

    @Test("another secret's token, a stranger's text and a token too long are refused in words")
    func strangers() async throws {
        let tokens = try await APITokens(secret: secret)
        let other = try await APITokens(secret: "another-secret-of-more-than-32-characters")
        let foreign = try await other.issue(ann, validFor: .seconds(60), at: now)
        #expect(await detail(foreign, tokens)?.contains("key that is not known here") == true)
        for text in ["", "x", "a.b", "a.b.c", "....", "\u{0}.\u{0}.\u{0}", "ünïcödé.x.y"] {
            #expect(await detail(text, tokens)?.contains("not an API token") == true, "\(text.debugDescription)")
        }
        #expect(await detail(String(repeating: "a", count: 5000), tokens)?.contains("longer than") == true)
    }

    @Test("a token that names another way of signing, or none, is refused", arguments: ["none", "HS512", "RS256", "hs256", ""])
    func algorithm(name: String) async throws {
        let tokens = try await APITokens(secret: secret)
        let token = try await tokens.issue(ann, validFor: .seconds(60), at: now)
        var parts = token.split(separator: ".").map(String.init)
        parts[0] = encoded(["alg": name, "typ": "JWT"])
        #expect(await detail(parts.joined(separator: "."), tokens)?.contains("HS256") == true)
        #expect(await detail(parts[0] + "." + parts[1] + ".", tokens)?.contains("HS256") == true)
    }

    @Test("the first line signs, every line verifies, a line that is gone does not")
    func rotation() async throws {
        let before = try await APITokens(secret: secret)
        let during = try await APITokens(secret: "second-secret-of-more-than-32-characters\n\(secret)\n")
        let after = try await APITokens(secret: "second-secret-of-more-than-32-characters")
        let old = try await before.issue(ann, validFor: .seconds(60), at: now)
        let new = try await during.issue(ann, validFor: .seconds(60), at: now)
        #expect(try await during.verify(old, at: now) == ann)
        #expect(try await after.verify(new, at: now) == ann)
        #expect(await detail(old, after) != nil)
        #expect(await detail(new, before) != nil)
    }

    @Test(
        "a secret too short to be one is refused at the start",
        arguments: ["", "\n", "short", "change-me\nsecond-secret-of-more-than-32-characters"])
    func shortSecret(text: String) async {
        await #expect(throws: SettingsError.self) { try await APITokens(secret: text) }
    }

    @Test("scopes of a later version are passed over")
    func unknownScopes() async throws {
        let tokens = try await APITokens(secret: secret)
        let none = Principal(organization: "a", subject: "x", scopes: [])
        let token = try await tokens.issue(none, validFor: .seconds(60), at: now)
        #expect(try await tokens.verify(token, at: now) == none)
    }

    @Test("an organization that is no slug is refused", arguments: ["", "Studio", "a b", "ä", String(repeating: "a", count: 41)])
    func organization(name: String) async throws {
        let tokens = try await APITokens(secret: secret)
        let token = try await tokens.issue(
            Principal(organization: name, subject: "x", scopes: []), validFor: .seconds(60), at: now)
        #expect(await detail(token, tokens)?.contains("organization") == true)
    }

    private func encoded(_ header: [String: String]) -> String {
        let json = (try? JSONEncoder().encode(header)) ?? Data()
        return json.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
