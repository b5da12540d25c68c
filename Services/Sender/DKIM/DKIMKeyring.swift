import Foundation
import Mail

/// The keys of every domain that this sender signs for: a folder with `<domain>/<selector>.pem`.
struct DKIMKeyring: Sendable {
    private var signers: [String: DKIMSigner] = [:]

    /// The domains that are signed for, in order.
    var domains: [String] { signers.keys.sorted() }

    /// Signs nothing.
    init() {}

    /// Reads every key.
    ///
    /// Every `.pem` file of a domain's folder signs; where there are keys of both kinds each message gets both signatures, RSA on top,
    /// for those who know Ed25519 and those who do not (RFC 8463, section 3). Other files are left alone, as are names that begin
    /// with a dot.
    /// - Throws: ``Unreadable`` with everything that is wrong.
    init(reading folder: URL) throws(Unreadable) {
        var complaints: [String] = []
        for name in Self.list(folder, &complaints) {
            let place = folder.appending(path: name)
            guard Self.isFolder(place) else {
                if name.hasSuffix(".pem") {
                    complaints.append("\(Self.path(place)) belongs in a folder that is named after its domain.")
                }
                continue
            }
            guard let domain = Self.domain(name) else {
                complaints.append("\(Self.path(place)) is a folder of keys that is not named after a domain, such as example.com.")
                continue
            }
            guard signers[domain] == nil else {
                complaints.append("\(Self.path(place)) is a second folder for \(domain): put the keys into one.")
                continue
            }
            let keys = Self.keys(in: place, &complaints)
            signers[domain] = DKIMSigner(domain: domain, keys: keys)
        }
        guard complaints.isEmpty else { throw Unreadable(complaints: complaints) }
    }

    /// Everything that is wrong with a folder of keys.
    struct Unreadable: Error, Hashable, CustomStringConvertible {
        let complaints: [String]
        var description: String { complaints.joined(separator: "\n") }
    }

    /// The message, signed for the domain of its From address or else for the nearest domain above it that has keys: a signature
    /// of the organization's domain is aligned too (RFC 7489, section 3.1.1). Where there are none it stays as it is.
    /// - Throws: What the cryptographic library says.
    func sign(_ message: [UInt8], from address: EmailAddress, at time: Timestamp) throws -> [UInt8] {
        guard !signers.isEmpty, let domain = address.asciiDomain else { return message }
        var name = domain[...]
        while true {
            if let signer = signers[String(name)] { return try signer.sign(message, at: time) }
            guard let dot = name.firstIndex(of: ".") else { return message }
            name = name[name.index(after: dot)...]
        }
    }

    // MARK: - Reading

    /// A domain as it stands in the DNS, in ASCII, or `nil`.
    static func domain(_ name: String) -> String? {
        do {
            let address = try EmailAddress("postmaster@\(name)")
            return address.domain.hasPrefix("[") ? nil : address.asciiDomain
        } catch {
            return nil
        }
    }

    /// Letters, digits and hyphens, in parts between dots (RFC 6376, section 3.1).
    static func isSelector(_ text: String) -> Bool {
        text.utf8.count <= 128
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                (1...63).contains(part.utf8.count) && part.first != "-" && part.last != "-"
                    && part.utf8.allSatisfy { byte in
                        byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte.lowercased)
                    }
            }
    }

    private static func keys(in folder: URL, _ complaints: inout [String]) -> [DKIMKey] {
        var keys: [DKIMKey] = []
        let before = complaints.count
        for name in list(folder, &complaints) where name.hasSuffix(".pem") {
            let file = folder.appending(path: name)
            let selector = String(name.dropLast(4))
            guard isSelector(selector) else {
                complaints.append("\(path(file)) is not named after a selector, such as waybill-rsa.pem.")
                continue
            }
            do {
                keys.append(try DKIMKey(pem: try KeyFile.read(file), selector: selector))
            } catch {
                complaints.append("\(path(file)) \(error.reason).")
            }
        }
        if keys.isEmpty, complaints.count == before {
            complaints.append("\(path(folder)) has no key: put a .pem file there, or remove the folder.")
        }
        return keys.sorted { ($0.algorithm == .rsa ? 0 : 1, $0.selector) < ($1.algorithm == .rsa ? 0 : 1, $1.selector) }
    }

    private static func list(_ folder: URL, _ complaints: inout [String]) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path(folder)).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            complaints.append("\(path(folder)) is no folder that can be read.")
            return []
        }
    }

    private static func isFolder(_ url: URL) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path(url), isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func path(_ url: URL) -> String { url.path(percentEncoded: false) }
}
