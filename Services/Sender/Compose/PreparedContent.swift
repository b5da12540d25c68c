import Mail

/// A mailing's content with its templates read, once for all its recipients.
struct PreparedContent: Sendable {
    let content: Content
    let subject: MergeTemplate
    let html: MergeTemplate?
    let text: MergeTemplate?

    /// - Throws: ``Uncomposable``.
    init(_ content: Content) throws(Uncomposable) {
        self.content = content
        subject = try Self.template(content.subject, in: "subject")
        html = try content.html.map { html throws(Uncomposable) in try Self.template(html, in: "HTML") }
        text = try content.text.map { text throws(Uncomposable) in try Self.template(text, in: "text") }
    }

    /// The fields that this recipient would see and has no value for, by name.
    func missing(in variables: [String: String]) -> [String] {
        [subject, html, text].compactMap { $0 }.reduce(into: Set<String>()) { $0.formUnion($1.missing(in: variables)) }.sorted()
    }

    private static func template(_ text: String, in part: String) throws(Uncomposable) -> MergeTemplate {
        do { return try MergeTemplate(text) } catch { throw Uncomposable("The \(part) cannot be filled in: \(error).") }
    }
}

/// Why a message cannot be made from its parts; says so in the history.
struct Uncomposable: Error, Hashable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
