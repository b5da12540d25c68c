import Foundation
import Mail

/// What may come over `waybill.reminder`: the same that the HTTP API takes.
enum CollectionCommand: Hashable, Sendable {
    /// `collection.put`: `{"organization", "collection", "document": {…}}`
    case put(organization: String, collection: String, CollectionDocument)
    /// `collection.remove`: `{"organization", "collection"}`
    case remove(organization: String, collection: String)

    /// - Parameters:
    ///   - kind: The message's `type`.
    ///   - version: Its header `waybill-version`.
    /// - Throws: `Wire.Unreadable` or ``CollectionDocument/Refusal``.
    init(kind: String, version: Int?, body: Data) throws {
        try Wire.check(version: version)
        guard kind == "collection.put" || kind == "collection.remove" else {
            throw Wire.Unreadable("There is no command called \(kind.debugDescription).")
        }
        var reader = JSONReader()
        let names = ["organization", "collection"] + (kind == "collection.put" ? ["document"] : [])
        guard let fields = reader.fields(try Wire.decode(JSONTree.self, from: body), at: "", names) else {
            throw CollectionDocument.Refusal(faults: reader.faults)
        }
        let organization = reader.text(fields["organization"], at: "/organization") ?? ""
        let collection = reader.text(fields["collection"], at: "/collection") ?? ""
        if !Self.isOrganization(organization) {
            reader.fault("/organization", "It is not the name of one: letters, digits and . _ ~ -, at most 64.")
        }
        if !Self.isCollection(collection) { reader.fault("/collection", Self.collectionRule) }
        guard reader.faults.isEmpty else { throw CollectionDocument.Refusal(faults: reader.faults) }
        if kind == "collection.remove" {
            self = .remove(organization: organization, collection: collection)
        } else {
            guard let document = fields["document"] else { throw Wire.Unreadable("/document is missing.") }
            self = .put(organization: organization, collection: collection, try CollectionDocument(reading: document))
        }
    }

    private static func isOrganization(_ text: String) -> Bool { HeaderText.isLabel(text, upTo: 64) }

    /// Whether a collection may be called so.
    static func isCollection(_ text: String) -> Bool { HeaderText.isLabel(text, upTo: 128) }
    static let collectionRule = "A collection is a label of letters, digits and . _ ~ -, at most 128, such as smith-wedding."
}
