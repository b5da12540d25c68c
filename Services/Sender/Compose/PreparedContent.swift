import MIME
import Mail

/// A mailing's content with its templates read, once for all its recipients.
struct PreparedContent: Sendable {
    let content: Content
    let subject: MergeTemplate
    let html: MergeTemplate?
    let text: MergeTemplate?
    private let htmlForms = Forms<HTMLKey, HTMLForm?>()
    private let textForms = Forms<[Bool], (form: TextForm, fields: [MergeTemplate.Field])>()

    private struct HTMLKey: Hashable {
        let publicURL: String
        let sections: [Bool]
    }

    /// - Throws: ``Uncomposable``.
    init(_ content: Content) throws(Uncomposable) {
        self.content = content
        subject = try Self.template(content.subject, in: "subject")
        html = try content.html.map { html throws(Uncomposable) in try Self.template(html, in: "HTML") }
        text = try content.text.map { text throws(Uncomposable) in try Self.template(text, in: "text") }
    }

    /// The HTML of a recipient with these values, with tracked links and the image.
    func html(for values: [String: String], _ links: TrackingLinks) -> BodyText? {
        guard let html else { return nil }
        let form = htmlForms.form(for: HTMLKey(publicURL: links.publicURL, sections: html.sections(for: values))) {
            HTMLForm(html.parts(for: values), track: content.track, publicURL: links.publicURL)
        }
        // Where values may be tags, these are looked for when the values are known.
        let own =
            form
            ?? HTMLForm([.text(Array(html.render(values, html: true).utf8)[...])], track: content.track, publicURL: links.publicURL)
        return own?.filled(values, links)
    }

    /// The text of a recipient with these values.
    func text(for values: [String: String]) -> BodyText? {
        guard let text else { return html.map { BodyText(PlainText.derived(from: $0.render(values, html: true))) } }
        let (form, fields) = textForms.form(for: text.sections(for: values)) {
            var fields: [MergeTemplate.Field] = []
            var holes: [MergeTemplate.Field: Int] = [:]
            let pieces = text.parts(for: values).map { part -> TextForm.Piece in
                switch part {
                case .text(let bytes): return .text(bytes)
                case .field(let field):
                    if let hole = holes[field] { return .hole(hole) }
                    holes[field] = fields.count
                    fields.append(field)
                    return .hole(fields.count - 1)
                }
            }
            return (TextForm(pieces), fields)
        }
        let fillings = fields.map { field in
            var filling: [UInt8] = []
            field.append(values, html: false, to: &filling)
            return filling
        }
        return form.filled { $1 += fillings[$0] }
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
