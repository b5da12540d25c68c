import Crypto
import Foundation
import Mail

/// Signs messages in a domain's name (RFC 6376), once with each of its keys.
struct DKIMSigner: Sendable {
    /// As it stands in the DNS, in ASCII.
    let domain: String
    let keys: [DKIMKey]

    /// Where lines are folded, in bytes (RFC 5322, section 2.1.1).
    private static let fold = 76

    /// The message with a `DKIM-Signature` for each key in front; not a byte of it changes.
    ///
    /// Everything is signed, however long: there is no `l=` (RFC 6376, section 8.2).
    /// - Parameters:
    ///   - message: Composed to the end: with CRLF line ends as it goes on the wire, before dots are stuffed.
    ///   - time: Becomes `t=`, in whole seconds: the message's own date, so that every attempt makes the same bytes.
    /// - Throws: What the cryptographic library says.
    func sign(_ message: [UInt8], at time: Timestamp) throws -> [UInt8] {
        let signatures = try message.withUnsafeBufferPointer { message -> [UInt8] in
            let fields = SignedFields(of: message)
            let bodyHash = Data(RelaxedForm.bodyHash(UnsafeBufferPointer(rebasing: message[fields.body...]))).base64EncodedString()
            let names = Self.folded(fields.tag)
            var canonical: [UInt8] = []
            canonical.reserveCapacity(4096)
            fields.appendCanonical(of: message, to: &canonical)
            var hasher = SHA256()
            hasher.update(data: canonical)
            return try keys.flatMap { key -> [UInt8] in
                var signature = Array(
                    """
                    DKIM-Signature: v=1; a=\(key.algorithm.rawValue)-sha256; c=relaxed/relaxed;\r
                    \td=\(domain); s=\(key.selector); t=\(time.seconds);\r
                    \tbh=\(bodyHash);\r
                    \th=\(names);\r
                    \tb=
                    """.utf8)
                var own: [UInt8] = []
                signature.withUnsafeBufferPointer { RelaxedForm.append($0, to: &own) }
                var whole = hasher
                whole.update(data: own)
                let value = try key.signature(of: whole.finalize()).base64EncodedString()
                for (place, byte) in value.utf8.enumerated() {
                    if place > 0, place % (Self.fold - 4) == 0 { signature += [.carriageReturn, .lineFeed, .tab] }
                    signature.append(byte)
                }
                return signature + [.carriageReturn, .lineFeed]
            }
        }
        return signatures + message
    }

    /// `one:two:…`, folded after colons.
    private static func folded(_ names: [String]) -> String {
        var text = ""
        var column = 4
        for (place, name) in names.enumerated() {
            let isLast = place == names.count - 1
            if column + name.utf8.count + 1 > fold {
                text += "\r\n\t"
                column = 1
            }
            text += isLast ? name : name + ":"
            column += name.utf8.count + 1
        }
        return text
    }
}
