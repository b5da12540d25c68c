import Foundation
import Mail
import Runtime

/// Checks a submission as a whole and makes of it what will be stored. Pure: ids, time and zones come from outside.
///
/// All faults are found at once, except that too many recipients are refused before anything else is looked at. A wrong
/// address fails its own delivery only. The same address twice in the same line is refused: merging the two would have to choose
/// between their variables.
struct Admission {
    let limits: AdmissionLimits
    /// Looks up a time zone by name; `nil` where there is none.
    let zone: (String) throws -> TimeZoneRules?
    private(set) var faults: [Problem.Fault] = []
    private var isFull = false

    /// Why a submission is refused: every fault, with a JSON pointer.
    struct Refusal: Error, Hashable {
        let faults: [Problem.Fault]
    }

    init(limits: AdmissionLimits, zone: @escaping (String) throws -> TimeZoneRules?) {
        self.limits = limits
        self.zone = zone
    }

    /// - Parameters:
    ///   - now: The moment of acceptance. A `sendAt` before it means at once.
    ///   - freshDelivery: Names a new delivery.
    /// - Throws: ``Refusal``.
    func admit(
        _ submission: Submission, as mailing: MailingID, of organization: String, at now: Timestamp,
        freshDelivery: () -> DeliveryID
    ) throws -> AdmittedMailing {
        var checks = self
        guard checks.checkCount(submission) else { throw Refusal(faults: checks.faults) }
        checks.checkWords(submission)
        let templates = checks.readTemplates(submission)
        checks.checkRecipients(submission, templates)
        checks.checkAttachments(submission.attachments ?? [], hasHTML: submission.html?.isEmpty == false)
        let sendAt = checks.readSendTime(submission.sendAt)
        guard checks.faults.isEmpty else { throw Refusal(faults: checks.faults) }
        return try AdmittedMailing(submission, id: mailing, organization: organization, sendAt: sendAt, at: now, freshDelivery)
    }

    /// - Parameter detail: A phrase that goes on from the field's name.
    private mutating func fault(_ pointer: String, _ detail: String) {
        if faults.count < limits.faults {
            faults.append(Problem.Fault(pointer: pointer, detail: detail))
        } else if !isFull {
            isFull = true
            faults.append(Problem.Fault(detail: "There are more faults; these are the first \(limits.faults)."))
        }
    }

    private mutating func checkCount(_ submission: Submission) -> Bool {
        let count = submission.recipients.count
        if count == 0 { fault("/recipients", "There are no recipients; a mailing has 1 to \(limits.recipients).") }
        if count > limits.recipients {
            fault(
                "/recipients",
                "There are \(count) recipients; the most is \(limits.recipients). Nothing was accepted: submit several mailings.")
        }
        return faults.isEmpty
    }

    private mutating func checkWords(_ submission: Submission) {
        if !HeaderText.isLabel(submission.kind, upTo: limits.labelBytes) {
            fault("/kind", "A kind is a label of letters, digits and . _ ~ -, at most \(limits.labelBytes), such as invite.")
        }
        if let collection = submission.collection, !HeaderText.isLabel(collection, upTo: limits.labelBytes) {
            fault("/collection", "A collection is a label of letters, digits and . _ ~ -, at most \(limits.labelBytes).")
        }
        checkHeader(submission.name, at: "/name", upTo: limits.nameBytes)
        checkHeader(submission.subject, at: "/subject", upTo: limits.subjectBytes)
        checkHeader(submission.from.name, at: "/from/name", upTo: limits.nameBytes)
        if let name = submission.name, name.allSatisfy(\.isWhitespace) {
            fault("/name", "The name is empty; leave it out to have the subject stand for it.")
        }
        if submission.subject.allSatisfy(\.isWhitespace) { fault("/subject", "The subject is empty.") }
        let bytes = (submission.html?.utf8.count ?? 0) + (submission.text?.utf8.count ?? 0)
        if bytes == 0 { fault("", "There is neither html nor text; one of them is needed.") }
        if bytes > limits.contentBytes {
            fault(
                submission.html == nil ? "/text" : "/html", "html and text have \(bytes) bytes; the most is \(limits.contentBytes)."
            )
        }
        for (text, pointer) in [(submission.html, "/html"), (submission.text, "/text")] {
            if text?.utf8.contains(0) == true { fault(pointer, "It holds a NUL character.") }
        }
    }

    private mutating func checkHeader(_ text: String?, at pointer: @autoclosure () -> String, upTo bytes: Int) {
        guard let text else { return }
        if text.utf8.count > bytes { fault(pointer(), "It has \(text.utf8.count) bytes; the most is \(bytes).") }
        if let stranger = HeaderText.stranger(in: text) {
            fault(pointer(), "It holds the control character \(stranger); line ends and control characters cannot stand here.")
        }
    }

    /// The letter's texts as templates, of which the subject puts its values into a header field.
    private struct Templates {
        var subject: Set<String> = []
        var all: [MergeTemplate] = []
    }

    private mutating func readTemplates(_ submission: Submission) -> Templates {
        var templates = Templates()
        for (text, pointer) in [(submission.subject, "/subject"), (submission.html, "/html"), (submission.text, "/text")] {
            guard let text, text.utf8.count <= limits.contentBytes else { continue }
            do {
                let template = try MergeTemplate(text)
                templates.all.append(template)
                if pointer == "/subject" { templates.subject = template.names }
            } catch {
                fault(pointer, "The template cannot be read: \(error).")
            }
        }
        return templates
    }

    private mutating func checkRecipients(_ submission: Submission, _ templates: Templates) {
        var places: [String: Int] = [:]
        var variableBytes = 0
        for (index, recipient) in submission.recipients.enumerated() {
            let pointer = "/recipients/\(index)"
            checkHeader(recipient.address, at: pointer + "/address", upTo: limits.addressBytes)
            checkHeader(recipient.name, at: pointer + "/name", upTo: limits.nameBytes)
            let key = (recipient.role ?? .to).rawValue + " " + recipient.address.lowercased()
            if let first = places[key] {
                fault(pointer + "/address", "It is the same as that of /recipients/\(first); each recipient is named once.")
            }
            places[key] = places[key] ?? index
            variableBytes += checkVariables(recipient.variables ?? [:], at: pointer + "/variables", templates)
        }
        if variableBytes > limits.allVariableBytes {
            fault("/recipients", "All variables together have \(variableBytes) bytes; the most is \(limits.allVariableBytes).")
        }
    }

    /// - Returns: The bytes of all names and values.
    private mutating func checkVariables(_ variables: [String: String], at pointer: String, _ templates: Templates) -> Int {
        let bytes = variables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if variables.count > limits.variables {
            fault(pointer, "There are \(variables.count) variables; the most is \(limits.variables).")
            return bytes
        }
        if bytes > limits.variableBytes { fault(pointer, "They have \(bytes) bytes; the most is \(limits.variableBytes).") }
        let width = limits.labelBytes
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            var place: String {
                pointer + "/" + name.prefix(width).replacing("~", with: "~0").replacing("/", with: "~1")
            }
            if !HeaderText.isLabel(name, upTo: limits.labelBytes) {
                fault(place, "A variable's name is a label of letters, digits and . _ ~ -, at most \(limits.labelBytes).")
            }
            if templates.subject.contains(name) {
                checkHeader(value, at: place, upTo: limits.subjectBytes)
            } else if value.utf8.contains(0) {
                fault(place, "It holds a NUL character.")
            }
        }
        let missing = templates.all.reduce(into: Set<String>()) { $0.formUnion($1.missing(in: variables)) }.sorted()
        if !missing.isEmpty {
            let names = missing.prefix(20).map { "{{\($0.prefix(limits.labelBytes))}}" }.joined(separator: ", ")
            fault(pointer, "The template uses \(names), for which this recipient has no value.")
        }
        return bytes
    }

    private mutating func checkAttachments(_ attachments: [Submission.Attachment], hasHTML: Bool) {
        if attachments.count > limits.attachments {
            fault("/attachments", "There are \(attachments.count) attachments; the most is \(limits.attachments).")
            return
        }
        for (index, attachment) in attachments.enumerated() {
            let pointer = "/attachments/\(index)"
            checkHeader(attachment.name, at: pointer + "/name", upTo: limits.nameBytes)
            let name = attachment.name
            if name.allSatisfy(\.isWhitespace) || name == "." || name == ".." || name.contains("/") || name.contains("\\") {
                fault(pointer + "/name", "A file's name is not empty and has no / or \\ in it, such as terms.pdf.")
            }
            if !HeaderText.isMediaType(attachment.type) || attachment.type.lowercased().hasPrefix("multipart/") {
                fault(pointer + "/type", "It is not the media type of a file, such as application/pdf.")
            }
            guard let id = attachment.contentID else { continue }
            if !HeaderText.isContentID(id) {
                fault(
                    pointer + "/contentID",
                    "A content id is of letters, digits and . _ ~ -, at most 64, such as logo; the HTML shows the image as cid:logo."
                )
            } else if !hasHTML {
                fault(pointer + "/contentID", "There is no html that could show it; leave the content id out to attach the file.")
            } else if let first = attachments[..<index].firstIndex(where: { $0.contentID == id }) {
                fault(pointer + "/contentID", "It is the same as that of /attachments/\(first); the HTML could mean either.")
            }
        }
        let bytes = attachments.reduce(0) { $0 + $1.content.count }
        if bytes > limits.attachmentBytes {
            fault("/attachments", "The attachments have \(bytes) bytes; the most is \(limits.attachmentBytes).")
        }
    }

    private mutating func readSendTime(_ text: String?) -> Timestamp? {
        guard let text else { return nil }
        do {
            return try SendTime(text).timestamp(zone: zone)
        } catch let error as SendTime.Invalid {
            fault("/sendAt", "The time cannot be read: \(error).")
        } catch {
            fault("/sendAt", "The time zone cannot be looked up: \(error)")
        }
        return nil
    }
}
