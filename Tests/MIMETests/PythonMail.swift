import Foundation
import Mail
import Support

/// A message as Python's `email` package reads it: an opinion that is not ours.
struct PythonMail: Decodable {
    struct Person: Decodable, Equatable {
        var name: String
        var address: String

        /// Python 3.11 puts a space between the encoded words of a name, against RFC 2047 section 6.2: so long names are compared without.
        static func == (one: Person, other: Person) -> Bool {
            func shown(_ name: String) -> String { name.utf8.count > 42 ? name.filter { $0 != " " } : name }
            return one.address == other.address && shown(one.name) == shown(other.name)
        }

        init(_ mailbox: Mailbox) {
            name = mailbox.name ?? ""
            address = mailbox.address.description
        }
    }

    struct File: Decodable {
        var name: String
        var type: String
        var content: Data
    }

    var subject: String
    var from: [Person]
    var replyTo: [Person]
    var to: [Person]
    var cc: [Person]
    var messageID: String
    var timestamp: Int64
    var unsubscribe: String
    var note: String
    var text: String?
    var html: String?
    var files: [File]
    var defects: [String]

    static func read(_ messages: [[UInt8]]) throws -> [PythonMail] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mail-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            do { try FileManager.default.removeItem(at: folder) } catch { print("Cannot remove \(folder.path): \(error)") }
        }
        for (index, message) in messages.enumerated() {
            try Data(message).write(to: folder.appending(path: String(format: "%05d.eml", index)))
        }
        try ChildProcess.run("/usr/bin/python3", ["-c", script, folder.path])
        return try JSONDecoder().decode([PythonMail].self, from: Data(contentsOf: folder.appending(path: "read.json")))
    }

    private static let script = """
        import base64, email, email.policy, json, pathlib, sys
        def people(message, name):
            value = message[name]
            return [] if value is None else [{'name': a.display_name, 'address': a.addr_spec} for a in value.addresses]
        def defects(part):
            found = [str(d) for d in part.defects]
            for value in part.values(): found += [str(d) for d in getattr(value, 'defects', [])]
            return found
        read = []
        folder = pathlib.Path(sys.argv[1])
        for path in sorted(folder.glob('*.eml')):
            m = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            plain, html = m.get_body(('plain',)), m.get_body(('html',))
            read.append({
                'subject': m['subject'], 'from': people(m, 'from'), 'replyTo': people(m, 'reply-to'), 'to': people(m, 'to'), 'cc': people(m, 'cc'),
                'messageID': m['message-id'], 'timestamp': int(m['date'].datetime.timestamp()),
                'unsubscribe': m['list-unsubscribe'], 'note': m['x-note'],
                'text': plain.get_content() if plain else None, 'html': html.get_content() if html else None,
                'files': [{'name': a.get_filename() or '', 'type': a.get_content_type(), 'content': base64.b64encode(a.get_payload(decode=True) or b'').decode()}
                          for a in m.iter_attachments()],
                'defects': [d for part in m.walk() for d in defects(part)],
            })
        (folder / 'read.json').write_text(json.dumps(read))
        """
}
