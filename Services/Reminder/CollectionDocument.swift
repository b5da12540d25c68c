import Foundation
import Mail
import Runtime

/// What a client says about something that expires: the body of `PUT /v1/collections/{id}`, checked.
struct CollectionDocument: Hashable, Sendable, Codable {
    let name: String
    /// Where the reminder leads.
    let link: String
    /// The last day: it expires at 23:59 of the zone's clocks.
    let expiresOn: String
    /// Such as `Europe/Berlin`.
    let timeZone: String
    let reminders: [Policy]
    let audience: Audience
    let from: Mailbox
    /// May hold ``variables``, as `html` and `text` may.
    let subject: String
    let html: String?
    let text: String?

    /// When one reminder goes out.
    struct Policy: Hashable, Sendable, Codable {
        let daysBefore: Int
        /// What the zone's clocks show then: `09:00`.
        let at: String

        /// Reads `09:00`.
        /// - Returns: Seconds after midnight.
        static func second(of text: String) -> Int? {
            let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0x30...0x39).contains($0) } }),
                let hour = Int(String(decoding: parts[0], as: UTF8.self)), hour < 24,
                let minute = Int(String(decoding: parts[1], as: UTF8.self)), minute < 60
            else { return nil }
            return hour * 3600 + minute * 60
        }
    }

    /// Who is reminded.
    struct Audience: Hashable, Sendable, Codable {
        let fixed: [EmailAddress]

        var count: Int { fixed.count }
    }

    /// Why a document is refused: every fault, with a JSON pointer.
    struct Refusal: Error, Hashable, CustomStringConvertible {
        let faults: [Problem.Fault]

        var description: String {
            faults.map { fault in
                fault.pointer.map { $0.isEmpty ? fault.detail : "\($0): \(fault.detail)" } ?? fault.detail
            }.joined(separator: "\n")
        }
    }

    /// The largest body that is read, in bytes.
    static let largestBody = 1 << 20
    /// `html` and `text` together, in bytes: every recipient's mail carries them.
    static let contentBytes = 512 << 10
    static let nameBytes = 200
    static let subjectBytes = 998
    static let recipients = 150
    static let policies = 20
    static let farthest = 3650
    /// What `{{…}}` in subject, HTML and text can be.
    static let variables: Set<String> = ["collection", "link", "expires", "days"]

    /// - Throws: ``Refusal``.
    init(reading tree: JSONTree) throws(Refusal) {
        var reader = JSONReader()
        let fields = reader.fields(
            tree, at: "",
            ["name", "link", "expiresOn", "timeZone", "reminders", "audience", "from", "subject", "html", "text"])
        guard let fields else { throw Refusal(faults: reader.faults) }
        name = Self.header(fields["name"], at: "/name", upTo: Self.nameBytes, &reader)
        link = Self.link(fields["link"], &reader)
        expiresOn = Self.day(fields["expiresOn"], &reader)
        timeZone = Self.zone(fields["timeZone"], &reader)
        reminders = Self.policies(fields["reminders"], &reader)
        audience = Self.audience(fields["audience"], &reader)
        let from = Self.sender(fields["from"], &reader)
        subject = Self.header(fields["subject"], at: "/subject", upTo: Self.subjectBytes, &reader)
        html = reader.optionalText(fields["html"], at: "/html")
        text = reader.optionalText(fields["text"], at: "/text")
        let bytes = (html?.utf8.count ?? 0) + (text?.utf8.count ?? 0)
        if fields["html"] == nil, fields["text"] == nil {
            reader.fault("", "There is neither html nor text; one of them is needed.")
        }
        if bytes > Self.contentBytes {
            reader.fault(
                html == nil ? "/text" : "/html", "html and text have \(bytes) bytes; the most is \(Self.contentBytes).")
        }
        for (template, pointer) in [(subject, "/subject"), (html, "/html"), (text, "/text")] {
            Self.check(template: template, at: pointer, &reader)
        }
        guard reader.faults.isEmpty, let from else { throw Refusal(faults: reader.faults) }
        self.from = from
    }

    private static func header(_ tree: JSONTree?, at pointer: String, upTo bytes: Int, _ reader: inout JSONReader) -> String {
        guard let text = reader.text(tree, at: pointer) else { return "" }
        reader.checkHeader(text, at: pointer, upTo: bytes)
        if text.allSatisfy(\.isWhitespace) { reader.fault(pointer, "It is empty.") }
        return text
    }

    private static func link(_ tree: JSONTree?, _ reader: inout JSONReader) -> String {
        guard let link = reader.text(tree, at: "/link") else { return "" }
        if !TrackingKeys.isTrackable(link) {
            reader.fault(
                "/link",
                "It is no web address: one begins with https:// or http:// and has at most \(TrackingKeys.longestTarget) bytes.")
        }
        return link
    }

    private static func day(_ tree: JSONTree?, _ reader: inout JSONReader) -> String {
        guard let text = reader.text(tree, at: "/expiresOn") else { return "" }
        if !((CivilDate(text)?.year).map { (2000...9998).contains($0) } ?? false) {
            reader.fault("/expiresOn", "It is no day; one is written as in 2026-12-24.")
        }
        return text
    }

    private static func zone(_ tree: JSONTree?, _ reader: inout JSONReader) -> String {
        guard let name = reader.text(tree, at: "/timeZone") else { return "" }
        do {
            _ = try TimeZoneRules(tzif: try ZoneFiles.load(name))
        } catch {
            reader.fault("/timeZone", "\(error)")
        }
        return name
    }

    private static func policies(_ tree: JSONTree?, _ reader: inout JSONReader) -> [Policy] {
        var places: [Int: Int] = [:]
        var policies: [Policy] = []
        for (index, item) in reader.list(tree, at: "/reminders", of: 0...Self.policies).enumerated() {
            let pointer = "/reminders/\(index)"
            guard let fields = reader.fields(item, at: pointer, ["daysBefore", "at"]) else { continue }
            let days = reader.whole(fields["daysBefore"], at: pointer + "/daysBefore", in: 0...farthest)
            let at = reader.text(fields["at"], at: pointer + "/at")
            let second = at.flatMap(Policy.second)
            if at != nil, second == nil { reader.fault(pointer + "/at", "It is a time of day such as 09:00.") }
            guard let days, let at, let second else { continue }
            if let first = places[days] {
                reader.fault(pointer + "/daysBefore", "It is the same as that of /reminders/\(first); each day has one reminder.")
            }
            if days == 0, second >= Expiry.second {
                reader.fault(pointer + "/at", "The collection has expired by then: it does at 23:59 of that day.")
            }
            places[days] = places[days] ?? index
            policies.append(Policy(daysBefore: days, at: at))
        }
        return policies
    }

    private static func audience(_ tree: JSONTree?, _ reader: inout JSONReader) -> Audience {
        guard let fields = reader.fields(tree, at: "/audience", ["fixed"]) else { return Audience(fixed: []) }
        var addresses: [EmailAddress] = []
        for (index, item) in reader.list(fields["fixed"], at: "/audience/fixed", of: 1...Self.recipients).enumerated() {
            guard let address = reader.address(item, at: "/audience/fixed/\(index)") else { continue }
            if let first = addresses.firstIndex(of: address) {
                reader.fault("/audience/fixed/\(index)", "It is the same as /audience/fixed/\(first); each is named once.")
            }
            addresses.append(address)
        }
        return Audience(fixed: addresses)
    }

    private static func sender(_ tree: JSONTree?, _ reader: inout JSONReader) -> Mailbox? {
        guard let fields = reader.fields(tree, at: "/from", ["address", "name"]) else { return nil }
        let name = reader.optionalText(fields["name"], at: "/from/name")
        reader.checkHeader(name, at: "/from/name", upTo: 255)
        return reader.address(fields["address"], at: "/from/address").map { Mailbox(address: $0, name: name) }
    }

    private static func check(template: String?, at pointer: String, _ reader: inout JSONReader) {
        guard let template, template.utf8.count <= contentBytes else { return }
        if template.utf8.contains(0) { reader.fault(pointer, "It holds a NUL character.") }
        do {
            let strangers = try MergeTemplate(template).names.subtracting(variables).sorted()
            guard !strangers.isEmpty else { return }
            reader.fault(
                pointer,
                "A reminder has no value for \(strangers.map { "{{\($0)}}" }.joined(separator: ", ")); the variables are "
                    + variables.sorted().map { "{{\($0)}}" }.joined(separator: ", ") + ".")
        } catch {
            reader.fault(pointer, "The template cannot be read: \(error).")
        }
    }
}
