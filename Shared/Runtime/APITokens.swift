import Crypto
import Foundation
import HTTPTypes
import JWTKit
package import Mail

/// Issues and verifies API tokens: JWTs (RFC 7519) signed with HS256 under a key derived from `WAYBILL_SECRET`.
///
/// The secret may have several lines: the first signs, all verify. To rotate, put a new line above the old one and drop the
/// old one once the last token signed with it has expired.
package struct APITokens: Sendable {
    /// The shortest line that may be a secret, in bytes.
    package static let shortestSecret = 32
    /// The longest token that is looked at, in bytes.
    static let longestToken = 4096

    private static let issuer = "waybill"
    private static let audience = "waybill-api"

    private let keys: JWTKeyCollection
    private let names: [JWKIdentifier]

    /// - Parameter secret: `WAYBILL_SECRET`.
    /// - Throws: ``SettingsError`` where it is too short to be one.
    package init(secret: String) async throws {
        let lines = secret.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard !lines.isEmpty, lines.allSatisfy({ $0.utf8.count >= Self.shortestSecret }) else {
            throw SettingsError(complaints: [
                "WAYBILL_SECRET has a line of fewer than \(Self.shortestSecret) characters; make one with: openssl rand -base64 48"
            ])
        }
        keys = JWTKeyCollection()
        var names: [JWKIdentifier] = []
        for line in lines {
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: Data(line.utf8)), info: Data("waybill api token".utf8), outputByteCount: 32)
            let name = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: Data(line.utf8)), info: Data("waybill api token key id".utf8),
                outputByteCount: 6)
            let identifier = JWKIdentifier(
                string: name.withUnsafeBytes { $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) } }.joined())
            await keys.add(hmac: HMACKey(key: key), digestAlgorithm: .sha256, kid: identifier)
            names.append(identifier)
        }
        self.names = names
    }

    /// - Parameter validFor: More than zero.
    package func issue(_ principal: Principal, validFor: Duration, at now: Timestamp) async throws -> String {
        let claims = Claims(
            iss: Self.issuer, aud: Self.audience, sub: principal.subject, organization: principal.organization,
            scope: principal.scopes.map(\.rawValue).sorted().joined(separator: " "), iat: now.seconds, exp: (now + validFor).seconds
        )
        return try await keys.sign(claims, kid: names[0])
    }

    /// - Throws: ``Problem`` 401 in words.
    package func verify(_ token: String, at now: Timestamp) async throws -> Principal {
        guard token.utf8.count <= Self.longestToken else {
            throw Self.refusal("The token is longer than \(Self.longestToken) bytes.")
        }
        let header: JWTHeader
        do {
            header = try DefaultJWTParser().parse(Array(token.utf8), as: Claims.self).header
        } catch {
            throw Self.refusal("The token is not an API token of Waybill. Make one with: scheduler token")
        }
        guard header.alg == "HS256" else {
            throw Self.refusal("The token is not signed with HS256, so nobody can tell who made it.")
        }
        guard let name = header.kid, names.contains(where: { $0.string == name }) else {
            throw Self.refusal(
                "The token is signed with a key that is not known here; it may have been made before the secret changed.")
        }
        let claims: Claims
        do {
            claims = try await keys.verify(token, as: Claims.self)
        } catch {
            throw Self.refusal("The token's signature does not match what it says: it has been changed, or was made elsewhere.")
        }
        guard claims.iss == Self.issuer, claims.aud == Self.audience else {
            throw Self.refusal("The token was made for something other than this API.")
        }
        guard now.seconds < claims.exp else {
            throw Self.refusal("The token expired at \(Timestamp(microseconds: Self.microseconds(claims.exp))).")
        }
        guard Principal.isOrganization(claims.organization), !claims.sub.isEmpty else {
            throw Self.refusal("The token names no organization or no subject.")
        }
        return Principal(
            organization: claims.organization, subject: claims.sub,
            scopes: Set(claims.scope.split(separator: " ").compactMap { Principal.Scope(rawValue: String($0)) }))
    }

    private static func refusal(_ detail: String) -> Problem {
        Problem(
            .unauthorized, "Not authorized", detail: detail,
            headers: [.wwwAuthenticate: "Bearer realm=\"waybill\", error=\"invalid_token\""])
    }

    private static func microseconds(_ seconds: Int64) -> Int64 {
        min(max(seconds, -62_000_000_000), 250_000_000_000) * 1_000_000
    }

    private struct Claims: JWTPayload {
        let iss: String
        let aud: String
        let sub: String
        let organization: String
        /// Names parted by spaces (RFC 8693 section 4.2).
        let scope: String
        let iat: Int64
        let exp: Int64

        /// The claims are checked by `verify(_:at:)`, against a time that is passed in.
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }
}
