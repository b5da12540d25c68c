import Foundation
import Hummingbird
import Mail
import Runtime

extension EmailFilter {
    /// Reads `q`, `status`, `kind`, `collection`, `recipient`, `after` and `before` from an address.
    ///
    /// A moment is RFC 3339 or a day (`2026-11-01`, midnight UTC). What is empty asks for nothing.
    /// - Throws: ``Problem`` 422 that names every part that cannot be read.
    init(_ request: Request) throws {
        let query = request.uri.queryParameters
        func text(_ name: String) -> String? {
            query[Substring(name)].map(String.init).flatMap { $0.isEmpty ? nil : $0 }
        }
        var faults: [Problem.Fault] = []
        func moment(_ name: String) -> Timestamp? {
            guard let text = text(name) else { return nil }
            if let time = Timestamp(text) { return time }
            if let day = CivilDate(text) { return Timestamp(microseconds: day.dayNumber * 86_400_000_000) }
            faults.append(
                .init(pointer: name, detail: "A moment is written 2026-11-01T00:00:00Z, or 2026-11-01 for its beginning (UTC)."))
            return nil
        }
        let status = text("status")
        let known = status.flatMap(EmailStatus.init(rawValue:))
        if status != nil, known == nil {
            let all = EmailStatus.allCases.map(\.rawValue).joined(separator: ", ")
            faults.append(.init(pointer: "status", detail: "There is no such status; there are \(all)."))
        }
        self.init(
            words: text("q"), status: known, kind: text("kind"), collection: text("collection"), recipient: text("recipient"),
            after: moment("after"), before: moment("before"))
        guard faults.isEmpty else {
            throw Problem(.unprocessableContent, "Query not right", detail: "A part of the address cannot be read.", faults: faults)
        }
    }
}

extension Cursor {
    /// Reads `cursor` from an address.
    /// - Throws: ``Problem`` 422.
    static func from(_ request: Request) throws -> Cursor? {
        guard let text = request.uri.queryParameters["cursor"], !text.isEmpty else { return nil }
        guard let cursor = Cursor(String(text)) else {
            throw Problem(
                .unprocessableContent, "Query not right",
                detail: "The cursor is not one of ours. Take it from the answer's \"next\".",
                faults: [.init(pointer: "cursor", detail: "Leave it out to begin with the first page.")])
        }
        return cursor
    }
}
